"""A blur of the discriminator's images that fades out early in training."""

import math
from typing import Any

import torch
from torch import Tensor

from gancore import Augment, Seat, field, part, seat
from gancore.component.part import RunningMean
from gancore.component.validators import above, within
from gancore.standard.augments import NoAugment

__all__ = ["FadingBlur"]


@part("fading-blur")
class FadingBlur(Augment):
    """A Gaussian blur of real and generated images, whose σ falls from 10 pixels to 0 over 200,000 images.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (configuration R): it keeps the
    discriminator from focusing on high frequencies too early; σ falls linearly, as in the released code.
    Another augmentation may follow. Differences: the Gaussian is exp(-x² / 2σ²), in the released code
    2^(-x² / σ²), whose standard deviation is 0.85 σ; its radius is 3 times the initial σ, there 3 times the
    current one; the released fade takes 6,250 batches, which are these 200,000 images at its batch size of
    32. Images are padded with zeros, as there. The real images scored in main updates count as seen.

    `(N, C, H, W)` → the same shape and dtype, even under autocast; linear in the image.
    """

    sigma: float = field(
        default=10.0, validator=within(0, 1000), help="initial standard deviation in pixels, up to 1000"
    )
    images: float = field(
        default=200_000.0, validator=above(0), help="number of images after which the blur is gone"
    )
    then: Seat[Augment] = seat(default=NoAugment, help="augmentation of the blurred images")

    def build(self) -> None:
        """Starts the count of images at zero."""
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.seen = RunningMean()

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        height, width = image.shape[2:]
        with torch.autocast(image.device.type, enabled=False):
            blurred = self._matrix(height, image) @ image @ self._matrix(width, image)  # (N, C, H, W)
        augmented: Tensor = self.then(blurred)
        return augmented

    @property
    def replaces(self) -> bool:  # type: ignore[override]
        """As the next augmentation."""
        return self.then.replaces

    def replaced(self, image: Tensor) -> Tensor:
        """What the next augmentation replaces."""
        return self.then.replaced(image)

    def observe(self, scores: Tensor) -> None:
        """Counts the images of a main update."""
        self.seen.add(torch.zeros((), device=scores.device), len(scores))
        self.then.observe(scores)

    def observe_again(self, scores: Tensor) -> None:
        """Passes the scores of a penalty's pass on to the next augmentation; they do not count."""
        self.then.observe_again(scores)

    def update_buffers(self) -> None:
        """Adds the images of this update to the count."""
        self.get_buffer("count").add_(round(self.seen.count))

    def scalars(self) -> dict[str, Tensor]:
        """The current σ, and the curves of the next augmentation."""
        return {"sigma": self.present, **self.then.scalars()}

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compiles only the next augmentation; two small products gain nothing."""
        self.then.compile(*args, **kwargs)

    @property
    def present(self) -> Tensor:
        """The current σ `()`, as a tensor on the device, since reading its value would wait for a GPU."""
        return self.sigma * (1 - self.get_buffer("count").float() / self.images).clamp(min=0)

    def _matrix(self, size: int, image: Tensor) -> Tensor:
        """`(size, size)`: the filter along one axis; the identity when σ is 0."""
        pixel = torch.arange(size, device=image.device)
        radius = math.ceil(3 * self.sigma)
        taps = torch.arange(-radius, radius + 1, device=image.device)
        # a σ whose square does not underflow to zero
        weights = torch.exp(-0.5 * (taps / self.present.clamp(min=1e-6)).square())  # (taps,)
        offset = pixel[:, None] - pixel  # (size, size)
        inside = offset.abs() <= radius
        matrix: Tensor = (weights / weights.sum())[offset.clamp(-radius, radius) + radius] * inside
        return matrix.to(image.dtype)
