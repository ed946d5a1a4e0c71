"""Emoji that training has not seen, projected into trained generators: a table, and a grid.

    python tools/held_out_emoji.py RUN [RUN ...] [--count 32] [--steps 500] [--tune STEPS] [--sheet
    docs/pictures/held-out-emoji.png]

Each run must have been trained on the emoji with the same `--hold-out`. Prints for each run and space the
mean error of its mean code and of the projection with standard errors, and with `--tune` of the generator
tuned to the last of them; the grid has a row for some of the
images: the real one, then for each run the image of its mean code and the projections.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gancore.data import open_data
from gancore.latent.codes import has_codes, render_codes
from gancore.latent.inversion import Projection, invert, render_inverted
from gancore.latent.mixing import layers_of
from gancore.latent.spaces import Space, mean_code
from gancore.latent.tuning import PivotalTuning, tune
from gancore.measure.extractors import default_extractor
from gancore.measure.reconstruction import distances
from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline

HEAD = "| run | images | MAE | PSNR (dB) | features |\n|---|---|---|---|---|"


def held_out(run: Path, count: int) -> Tensor:
    """Of the images that a run never saw, some from all over: `(count, 3, 32, 32)` in [-1, 1]."""
    unseen = open_data("emoji").split(RunFolder(run).settings.hold_out)[1]
    return unseen.rows(np.arange(count) * len(unseen) // count)["image"]


def spaces(pipeline: Pipeline) -> tuple[Space, ...]:
    """Where to search: w and w+ where there are codes for each layer, else z."""
    if not has_codes(pipeline):
        return ("z",)
    return ("w", "w+") if layers_of(pipeline.generator.code_shape) else ("w",)


def ways(pipeline: Pipeline, real: Tensor, steps: int, tuning: int) -> dict[str, Tensor]:
    """Images like the real ones, by how they were made."""
    judge = default_extractor(pipeline.generator.image)
    made = {"mean code": render_codes(pipeline, mean_code(pipeline)).expand_as(real)}
    for space in spaces(pipeline):
        found = invert(pipeline, real, judge, Projection(steps=steps), space=space)
        made[f"projected in {space}"] = found.image
    if tuning:
        tuned = tune(pipeline, real, found.code, found.noise, judge, PivotalTuning(steps=tuning))
        made["tuned"] = render_inverted(tuned, found.code, found.noise)
    return made


def row(run: str, way: str, real: Tensor, made: Tensor) -> str:
    """The means, and their standard errors."""
    found = distances(default_extractor((3, *real.shape[2:])), real, made).values()
    cells = [f"{value.mean():.3g} ± {value.std() / len(value) ** 0.5:.1g}" for value in found]
    return f"| {run} | {way} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=32)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--tune", type=int, default=0)
    parser.add_argument("--shown", type=int, default=8)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    real = held_out(given.runs[0], given.count)
    columns = [real]
    print(HEAD)
    for run in given.runs:
        if not torch.equal(held_out(run, given.count), real):
            raise SystemExit(
                f"{run} saw other images than {given.runs[0]}; give runs with the same --hold-out"
            )
        for way, made in ways(load_pipeline(run), real, given.steps, given.tune).items():
            print(row(run.name, way, real, made), flush=True)
            columns.append(made)
    if given.sheet:
        save_grid(
            torch.stack(columns, 1)[:: max(1, given.count // given.shown)].flatten(0, 1),
            given.sheet,
            columns=len(columns),
        )


if __name__ == "__main__":
    main()
