"""Guidance by a classifier: how likely the class that is wanted becomes, for each class; a table, and a grid.

    python tools/guided_classes.py RUN [RUN ...] --extractor fashion [--space z] [--count 8] [--steps 100]
    [--sheet FILE.png]

Prints for each run and class the mean probability of the class before and after. The sheet has a row for each
class of the first run: four images as they were drawn, then the same, guided.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gancore.component.specs import build
from gancore.latent.guidance import Guidance, Guided, class_scorer, guide
from gancore.pictures.grid import save_grid
from gancore.pipeline import Pipeline
from gancore.runs.opening import load_pipeline

SHOWN = 4


def guided(pipeline: Pipeline, extractor: Any, given: argparse.Namespace) -> list[Guided]:
    """What each class leads to."""
    settings = Guidance(steps=given.steps)
    wanted = range(extractor.classes)
    return [
        guide(pipeline, class_scorer(extractor, name), settings, count=given.count, space=given.space)
        for name in wanted
    ]


def table(run: str, found: list[Guided]) -> str:
    """A row: the mean over all classes, then each class."""
    ends = torch.stack([guide.scores[[0, -1]].exp().mean(1) for guide in found])
    cells = [f"{before:.2f} → {after:.2f}" for before, after in [ends.mean(0).tolist(), *ends.tolist()]]
    return f"| {run} | " + " | ".join(cells) + " |"


def sheet(pipeline: Pipeline, found: list[Guided]) -> Tensor:
    """Some images before and after, a row for each class."""
    before = pipeline.sample(len(found[0].image), seed=0)[:SHOWN]
    return torch.cat([torch.cat([before, one.image[:SHOWN]]) for one in found])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--extractor", default="fashion")
    parser.add_argument("--space", choices=("z", "w"), default="z")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--sheet", type=Path)
    given = parser.parse_args()
    for run in given.runs:
        pipeline = load_pipeline(run)
        extractor: Any = build({"part": given.extractor}, "extractor")
        extractor.bind(by="the generator", facts={"image": tuple(pipeline.generator.image)})
        found = guided(pipeline, extractor, given)
        if run == given.runs[0]:
            print(f"| run | mean | {' | '.join(map(str, range(len(found))))} |\n{'|---' * (len(found) + 2)}|")
            if given.sheet:
                save_grid(sheet(pipeline, found), given.sheet, columns=2 * SHOWN)
        print(table(run.name, found), flush=True)


if __name__ == "__main__":
    main()
