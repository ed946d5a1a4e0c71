"""Helpers of several scores: check that there are enough images, and pick some of them."""

import torch
from torch import Tensor

from gancore.errors import MeasureError
from gancore.measure.study import Side, Study


def need(score: str, needed: int, why: str, **found: int) -> None:
    """Raises MeasureError unless each of `found` (by name: samples, reference …) is at least `needed`."""
    for name, count in found.items():
        if count < needed:
            raise MeasureError(
                f"{score} needs at least {needed:,} images in the {name} ({why}); "
                f"got {count:,}: give more images"
            )


def some_images(study: Study, side: Side, count: int) -> Tensor:
    """`count` images of one side (all, if there are fewer), chosen by the study's seed: `(n, C, H, W)` in
    [-1, 1].
    """
    images = study.side(side)
    return images.rows(some_indices(len(images), count, study.rng(f"some {side}")))


def some_indices(total: int, count: int, rng: torch.Generator) -> Tensor:
    """`count` of `total` indices (all, if there are fewer), chosen by `rng`, in rising order."""
    return torch.randperm(total, generator=rng)[:count].sort().values


def some_rows(rows: Tensor, count: int, rng: torch.Generator) -> Tensor:
    """`count` rows (all, if there are fewer) in an order drawn from `rng`."""
    return rows[torch.randperm(len(rows), generator=rng)[:count]]
