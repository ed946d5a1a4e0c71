"""Pictures that complement the scores: nearest training images, and a row of samples per class."""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from gancore.measure.neighbors import nearest
from gancore.measure.score import Score
from gancore.measure.sets import ImageSet, class_names
from gancore.measure.study import Study
from gancore.pictures.captions import Captions
from gancore.pictures.grid import save_grid

SHOWN = 8
"""Samples on a grid of neighbors, and images per class row."""

NEIGHBORS = 7
"""Training images next to each sample."""

NEIGHBORS_NAME = "neighbors"


def write_grids(study: Study, place: Callable[[str], Path], scores: Sequence[Score]) -> list[Path]:
    """Writes the grid `neighbors` if a score looks at the training images, and `classes` if samples have
    labels; `place` says where. Returns what was written.
    """
    grids: dict[str, tuple[Tensor, int, Captions | None]] = {}
    if shows_neighbors(study, scores):
        pictures = neighbors(study)
        columns = min(NEIGHBORS, len(study.features("training"))) + 1
        named = ["sample", *(f"nearest {i}" for i in range(1, columns))]
        grids[NEIGHBORS_NAME] = pictures, columns, Captions(columns=named)
    if (found := full_classes(study)) is not None:
        grids["classes"] = classes(study, found), SHOWN, Captions(rows=row_names(study.samples, found))
    for name, (pictures, columns, captions) in grids.items():
        save_grid(pictures, place(name), columns=columns, captions=captions)
    return [place(name) for name in grids]


def shows_neighbors(study: Study, scores: Sequence[Score]) -> bool:
    """Whether a score looks at the training images, so that their features are there."""
    return study.training is not None and any("training" in score.needs for score in scores)


def neighbors(study: Study) -> Tensor:
    """One row per sample: the sample, then the training images closest to it in features, closest first."""
    samples = study.images("samples", SHOWN)
    _, found = nearest(
        study.features("samples")[: len(samples)],
        study.features("training"),
        min(NEIGHBORS, len(study.features("training"))),
    )
    image = _by_index(study.side("training"), found)
    rows = zip(samples, found.tolist(), strict=True)
    return torch.stack([picture for sample, row in rows for picture in (sample, *(image[i] for i in row))])


def full_classes(study: Study) -> Tensor | None:
    """Indices `(k, SHOWN)` of samples of each class that was drawn often enough; None without classes or with
    too few samples.
    """
    labels = study.samples.labels
    if labels is None or labels.dim() != 1:
        return None
    chosen = [torch.nonzero(labels == k)[:SHOWN, 0] for k in range(int(labels.max()) + 1)]
    full = [row for row in chosen if len(row) == SHOWN]
    return torch.stack(full) if full else None


def classes(study: Study, rows: Tensor) -> Tensor:
    """One row of samples per class, in the order of the classes."""
    image = _by_index(study.samples, rows)
    return torch.stack([image[i] for i in rows.flatten().tolist()])


def row_names(samples: ImageSet, rows: Tensor) -> list[str]:
    """The class of each row of samples: its name if it has one, else its number, as `class 3`."""
    if samples.labels is None:
        return []
    names = class_names(samples)
    numbers = samples.labels[rows[:, 0]].tolist()
    named = [names[number] if names else str(number) for number in numbers]
    return [f"class {name}" if name == str(n) else name for n, name in zip(numbers, named, strict=True)]


def _by_index(images: ImageSet, indices: Tensor) -> dict[int, Tensor]:
    """The images at these indices, in any shape and order, each read once."""
    order = sorted(set(indices.flatten().tolist()))
    return dict(zip(order, images.rows(torch.tensor(order)), strict=True))
