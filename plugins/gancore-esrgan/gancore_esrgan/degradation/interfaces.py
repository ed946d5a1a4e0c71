"""What degradations are: augmentations that work on canvases, and maps from targets to sources."""

from abc import abstractmethod

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import Part, fact, interface
from gancore.component.precision import at_least_float32
from gancore.component.randomness import some_rows
from gancore.errors import FitError
from gancore_esrgan.degradation.canvas import Canvas, picked, whole

__all__ = ["CanvasAugment", "Degradation", "on", "on_some"]


@interface("augment")
class CanvasAugment(Augment):
    """An augmentation that keeps each image's size on a canvas, and reads nothing outside of it.

    Images are in [-1, 1]. It computes in float32, or float64 if the images are.
    """

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape and dtype."""
        with torch.autocast(image.device.type, enabled=False):
            return self.on(whole(at_least_float32(image))).image.to(image.dtype)

    @abstractmethod
    def on(self, canvas: Canvas) -> Canvas:
        """The images on a canvas, changed; sizes stay."""


def on(augment: CanvasAugment | None, canvas: Canvas) -> Canvas:
    """The canvas that an augmentation makes, or the same one where the seat is empty."""
    return canvas if augment is None else augment.on(canvas)


def on_some(augment: CanvasAugment | None, canvas: Canvas, which: Tensor) -> Canvas:
    """The canvas with those images changed for which `which` `(N,)` is true; each has the noise that it has
    in the whole batch.
    """
    if augment is None:
        return canvas
    # where there are none, all are drawn for, so that what is drawn later does not depend on it
    rows = (which if which.any() else torch.ones_like(which)).nonzero()[:, 0]
    with some_rows(rows, len(which)):
        changed = augment.on(Canvas(canvas.image[rows], canvas.size[rows]))
    image = canvas.image.index_copy(0, rows, changed.image)
    return picked(which, Canvas(image, canvas.size), canvas)


@interface("degradation")
class Degradation(Part):
    """Makes the source of a target: `(N, C, H, W)` in [-1, 1] → `(N, C, H/scale, W/scale)` in [-1, 1].

    All random numbers come from `gancore.component.randomness`, for each image its own: call it in the terms
    of a recipe. Without a gradient it costs less; with one it reaches the target.
    """

    scale: int = fact(default=None, help="how many times smaller sources are, given by the recipe")

    def build(self) -> None:
        """Raises FitError unless the scale is at least 1."""
        if self.scale < 1:
            raise FitError(f"{self.qualified_name} has scale {self.scale}; give a whole number of at least 1")

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C, H/scale, W/scale)`.

        Raises:
            FitError: the scale does not divide height and width.
        """
        if any(pixels % self.scale for pixels in image.shape[2:]):
            raise FitError(
                f"{self.qualified_name} makes images {self.scale} times smaller, but those of size "
                f"{tuple(image.shape[2:])} are no multiple of it; crop or resize them first"
            )
        with torch.autocast(image.device.type, enabled=False):
            return self.degraded(at_least_float32(image)).to(image.dtype)

    @abstractmethod
    def degraded(self, image: Tensor) -> Tensor:
        """The sources of targets whose size fits."""
