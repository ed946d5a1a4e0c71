"""How near a run's images are to its data: the Fréchet distance on the first 64 principal coordinates of the
training images.

    python tools/score.py RUN [RUN ...] [--count 10000]

For each run it prints the distance of the trained pipeline, of the same recipe untrained (the same seed), and
their ratio. The principal coordinates come from up to 10,000 training images, in the pixel values [-1, 1]
that the recipe saw. A translator is judged by what it makes of its source images, against the target images.
Real images against other real ones say how low it can go.
"""

import argparse
import json
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from gancore.data import Data
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe
from gancore.runs.folder import RunFolder
from gancore.training.start import fit_to_data

COORDINATES = 64
REAL = 10_000


class Principal:
    """The first principal coordinates of images."""

    def __init__(self, images: Tensor) -> None:
        rows = images.flatten(1).double()
        self.mean = rows.mean(0)
        _, vectors = torch.linalg.eigh(torch.cov(rows.T))
        self.axes = vectors[:, -COORDINATES:]

    def __call__(self, images: Tensor) -> Tensor:
        return (images.flatten(1).double() - self.mean) @ self.axes


def frechet(a: Tensor, b: Tensor) -> float:
    """|μa - μb|² + tr(Ca + Cb - 2 (Ca Cb)^½); the trace of the root from eigenvalues."""
    mean_a, mean_b, cov_a, cov_b = a.mean(0), b.mean(0), torch.cov(a.T), torch.cov(b.T)
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)


def made_by(pipeline: Pipeline, data: Data, count: int) -> Tensor:
    if pipeline.sampler is not None:
        return pipeline.sample(count, seed=1)
    return pipeline.render(data.rows(np.arange(min(count, len(data))))[pipeline.reads], seed=1)


def untrained(run: RunFolder, data: Data) -> Recipe:
    recipe = run.recipe()
    fit_to_data(recipe, data, run.settings.seed)
    return recipe


def judge(folder: Path, count: int) -> dict[str, object]:
    run = RunFolder(folder)
    if (known := run.data()) is None:
        raise SystemExit(f"{run} was trained on data given in Python; give a run with data by name")
    data = known.training
    recipe = untrained(run, data)
    pipelines = recipe.pipelines() if recipe.ready else {}
    name = next(iter(pipelines), "")
    trained = run.pipeline()
    batch = data.rows(np.random.default_rng(0).permutation(len(data))[: 2 * REAL])
    real = batch["target"] if trained.sampler is None else batch["image"]
    coordinates = Principal(real[:REAL])
    inside = coordinates(real)
    half = len(inside) // 2
    scores: dict[str, object] = {
        "run": str(folder),
        "recipe": recipe.name,
        "real_to_real": frechet(inside[:half], inside[half:]),
    }
    scores["trained"] = frechet(inside, coordinates(made_by(trained, data, count)))
    if trained.sampler is None:
        scores["untranslated"] = frechet(inside, coordinates(batch[trained.reads]))
    if pipelines:
        scores["untrained"] = frechet(inside, coordinates(made_by(pipelines[name], data, count)))
        scores["ratio"] = cast(float, scores["trained"]) / cast(float, scores["untrained"])
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    arguments = parser.parse_args()
    for folder in arguments.runs:
        print(
            json.dumps(
                {
                    k: round(v, 3) if isinstance(v, float) else v
                    for k, v in judge(folder, arguments.count).items()
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
