"""Pictures that scores are looked at with: nearest training images, and a row for each class."""

import json
from pathlib import Path

import torch
from torch import Tensor

from gancore.files import write_text
from gancore.measure.neighbours import nearest
from gancore.measure.study import Study
from gancore.pictures.grid import save_grid

SHOWN = 8
"""Samples on a sheet of neighbours, and images in a class's row."""

NEIGHBOURS = 7
"""Training images beside each sample."""


def write_sheets(study: Study, folder: Path) -> list[Path]:
    """`neighbours.png` where the training images are known, `classes.png` where samples have labels; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    if study.training is not None:
        save_grid(neighbours(study), folder / "neighbours.png", columns=NEIGHBOURS + 1)
        write_text(folder / "neighbours.json", json.dumps({"images": len(study.training), "extractor": study.title}) + "\n")
        written.append(folder / "neighbours.png")
    if study.samples.labels is not None and study.samples.labels.dim() == 1:
        save_grid(classes(study), folder / "classes.png", columns=SHOWN)
        written.append(folder / "classes.png")
    return written


def neighbours(study: Study) -> Tensor:
    """Each row a sample, then the training images nearest to it in features, nearest first."""
    samples = study.images("samples", SHOWN)
    _, found = nearest(
        study.features("samples")[: len(samples)], study.features("training"), min(NEIGHBOURS, len(study.features("training")))
    )
    images = study.side("training").rows(found.flatten().unique())
    place = {int(index): i for i, index in enumerate(found.flatten().unique())}
    rows = [torch.stack([sample, *(images[place[int(i)]] for i in row)]) for sample, row in zip(samples, found, strict=True)]
    return torch.cat(rows)


def classes(study: Study) -> Tensor:
    """Each row samples of one class, in the order of the classes; a class that was drawn too rarely is left out."""
    labels = study.samples.labels
    assert labels is not None
    chosen = [torch.nonzero(labels == k)[:SHOWN, 0] for k in labels.unique().tolist()]
    full = [row for row in chosen if len(row) == SHOWN]
    order = torch.cat(full).sort().values
    images = study.samples.rows(order)
    place = {int(index): i for i, index in enumerate(order)}
    return torch.stack([images[place[int(i)]] for row in full for i in row])
