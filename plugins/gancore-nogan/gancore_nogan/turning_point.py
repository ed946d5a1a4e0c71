"""The turning point of an adversarial training: the moment after which its images get worse."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import ImageShape
from gancore.errors import FitError
from gancore.measure.extractors import default_extractor
from gancore.measure.score import Score, Value
from gancore.measure.sets import eight_bit
from gancore.measure.study import Study

__all__ = ["Shown", "TurningPoint", "measured"]


class TurningPoint(nn.Module):
    """What the checks have found so far: the best value, when that was, and the checks since.

    All of it are buffers, so that checkpoints hold it; `since` is -1 before the first check.
    """

    best: Tensor
    at: Tensor
    since: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("best", torch.zeros(()))
        self.register_buffer("at", torch.zeros((), dtype=torch.int64))
        self.register_buffer("since", torch.full((), -1))

    @property
    def begun(self) -> bool:
        """Whether there was a check."""
        return int(self.since) >= 0

    def note(self, value: float, images: int) -> bool:
        """Notes a value, of which lower is better; says whether it is the best so far."""
        better = not self.begun or value < float(self.best)
        if better:
            self.best.fill_(value)
            self.at.fill_(images)
        self.since.fill_(0 if better else int(self.since) + 1)
        return better

    def passed(self, patience: int) -> bool:
        """Whether `patience` checks have found nothing better; never if that is 0."""
        return 0 < patience <= int(self.since)


class Shown:
    """Images `(N, C, H, W)` in [-1, 1] in memory, as scores read them."""

    key = ""
    labels = None

    def __init__(self, images: Tensor) -> None:
        self.images = eight_bit(images.float().cpu())
        self.image: ImageShape = (images.shape[1], images.shape[2], images.shape[3])
        self.facts: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.images)

    def batches(self) -> Iterator[Tensor]:
        """All images, some at a time."""
        return iter(torch.split(self.images, 256))

    def rows(self, indices: Tensor) -> Tensor:
        """Some images."""
        return self.images[indices]


def measured(score: Score, made: Tensor, target: Tensor) -> tuple[str, Value]:
    """The first value of a score, and its name, of images and those that they should be, both
    `(N, C, H, W)`.

    Raises:
        MeasureError: there are too few images for this score.
        FitError: its first value does not say which direction is better.
    """
    images, real = Shown(made), Shown(target)
    study = Study(images, real, default_extractor(real.image), pairs=(images, real))
    name, value = next(iter(score(study).items()))
    if value.better == "neither":
        raise FitError(
            f"{name} of {score.qualified_name} is neither better when lower nor when higher, so it shows no "
            "turning point; give a measure such as score/frechet or score/pairs"
        )
    return name, value
