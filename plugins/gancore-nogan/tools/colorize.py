"""Emoji made gray and colored again: NoGAN beside the same network that learned without a discriminator.

    python plugins/gancore-nogan/tools/colorize.py [--runs runs/colorize] [--images 30000] [--seeds 0]
    [--only nogan] [--sheet FILE]

Trains what is not trained yet (minutes on one core; a run that was stopped goes on), and judges both on emoji
that neither has seen. Prints a table, and for each run of NoGAN the curve of its checks; the sheet shows
each image gray, as each row of the table made it, and as it was.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from gancore_nogan import Colorfulness
from gancore_nogan.phases import ADVERSARIAL
from torch import Tensor

import gancore
from gancore.component.weights import FILE, read_weights
from gancore.data import Data, open_data, open_pairs
from gancore.measure.evaluation import score_study
from gancore.measure.extractors import default_extractor
from gancore.measure.frechet import Frechet
from gancore.measure.pairs import Pairs
from gancore.measure.score import Value
from gancore.measure.sets import DatasetImages
from gancore.measure.study import Study
from gancore.pictures.grid import save_grid, to_uint8
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline

HELD_OUT, SHOWN = 100, 12
NOGAN = "nogan"
ALONE = "without a discriminator"
OPTIMIZER = {
    "part": "adam",
    "lr": 4e-4,
    "betas": [0.5, 0.99],
    "schedule": {"part": "cosine", "end": 0.25},
}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    ALONE: (
        "paired",
        {
            "generator": {"part": "recolored", "translator": {"part": "unet", "width": 32}},
            "discriminator": {"part": "patchgan", "width": 32, "layers": 2},
            "reads_source": False,
            "adversarial": 0.0,
            "pixel_weight": 1.0,
            "perceptual": "perceptual",
            "perceptual_weight": 0.1,
            "generator_optimizer": OPTIMIZER,
        },
    ),
    NOGAN: ("colorize-small", {}),
}
"""The recipes, with the same translator, distances and learning rates."""


def trained(folder: Path, way: str, given: argparse.Namespace, seed: int) -> RunFolder:
    """One run, trained to its end from where it stands."""
    run = RunFolder(folder / f"{way.replace(' ', '-')}-{seed}")
    recipe, options = WAYS[way]
    if not run.log.finished:
        if run.exists:
            gancore.resume(run.path)
        else:
            gancore.train(
                recipe,
                "emoji",
                set=options,
                source_from="gray",
                images=given.images,
                batch=16,
                mirror=True,
                precision="bf16",
                hold_out=HELD_OUT,
                seed=seed,
                evaluate_every=0,
                report_every=max(1, given.images // 400),
                checkpoint_every=max(1, given.images // 20),
                keep=20,
                threads=1,
                output=run.path,
            )
    return RunFolder(run.path)


def judged(made: Tensor, target: Tensor) -> dict[str, Value]:
    """How close images are to their originals, one by one and as a set, and how colorful."""
    images, real = as_files(made), as_files(target)
    study = Study(images, real, default_extractor(real.image), pairs=(images, real))
    return score_study(study, [Pairs(), Frechet(allow_few=True), Colorfulness()]).scores


def as_files(images: Tensor) -> DatasetImages:
    """The images as files hold them."""
    return DatasetImages(open_data(to_uint8(images).numpy(), layout="NCHW"))


def table(found: dict[str, dict[str, Value]]) -> str:
    """A line for each way; values with their standard errors."""
    titles = list(next(iter(found.values())))
    arrows = {"lower": " ↓", "higher": " ↑", "neither": ""}
    better = next(iter(found.values()))
    lines = ["| | " + " | ".join(f"{title}{arrows[better[title].better]}" for title in titles) + " |"]
    lines.append("|---" * (len(titles) + 1) + "|")
    for name, values in found.items():
        cells = [f"{v.value:.4g}" + ("" if v.error is None else f" ± {v.error:.1g}") for v in values.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def curve(run: RunFolder) -> str:
    """The checks of a run of NoGAN, and where the best one was."""
    lines = ["| images | phase | measure |", "|---|---|---|"]
    for report in run.log.reports:
        scalars = report["scalars"]
        for name in [n for n in scalars if n.startswith("held-out/") and n != "held-out/best at"]:
            lines.append(f"| {report['images']:,} | {scalars['phase']:.0f} | {scalars[name]:.4g} |")
    return "\n".join([*lines, *(line["text"] for line in run.log.of("warning"))])


def before_the_game(run: RunFolder) -> Pipeline:
    """The translator of a run of NoGAN as its adversarial phase found it."""
    path = next(p for p in run.checkpoints if int(read_weights(p / FILE)["phase"]) < ADVERSARIAL)
    return load_pipeline(path)


def colored(source: Tensor, given: argparse.Namespace) -> dict[str, Tensor]:
    """What each way makes of gray images, by way and seed."""
    made: dict[str, Tensor] = {}
    for seed in given.seeds:
        for way in given.only or WAYS:
            run = trained(given.runs, way, given, seed)
            if way == NOGAN:
                early = before_the_game(run)
                made[f"{way} before its game, seed {seed}"] = torch.cat(list(early.apply(source, seed=0)))
                print(f"{run.path}\n{curve(run)}\n", flush=True)
            made[f"{way}, seed {seed}"] = torch.cat(list(run.pipeline().apply(source, seed=0)))
    return made


def held_out(data: Data) -> tuple[Tensor, Tensor]:
    """Gray and colored images that no run has seen."""
    unseen = data.split(HELD_OUT)[1]
    rows = unseen.rows(torch.arange(len(unseen)).numpy())
    return rows["source"], rows["target"]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/colorize"))
    parser.add_argument("--images", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--only", nargs="+", choices=list(WAYS), default=[])
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    source, target = held_out(open_pairs("emoji", "gray"))
    shown = {"gray": source.expand_as(target), **colored(source, given)}
    print(table({name: judged(images, target) for name, images in shown.items()}))
    if given.sheet:
        chosen = torch.arange(SHOWN) * len(target) // SHOWN
        tiles = torch.stack([*shown.values(), target], 1)[chosen]
        given.sheet.parent.mkdir(parents=True, exist_ok=True)
        save_grid(tiles.flatten(0, 1), given.sheet, columns=2 * (len(shown) + 1))


if __name__ == "__main__":
    main()
