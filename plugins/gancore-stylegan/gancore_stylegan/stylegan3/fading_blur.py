"""A blur of all that the discriminator sees, which fades in the first part of a training."""

import math
from typing import Any

import torch
from torch import Tensor

from gancore import Augment, field, part, seat
from gancore.component.part import RunningMean
from gancore.component.validators import above, within
from gancore.standard.augments import NoAugment

__all__ = ["FadingBlur"]


@part("fading-blur")
class FadingBlur(Augment):
    """Real and generated images are blurred by a Gaussian filter of σ = 10 pixels that fades to nothing over
    the first 200,000 images.

    Paper: Karras et al. 2021 (StyleGAN3), arXiv:2106.12423, section 3.2 (configuration R): it keeps the
    discriminator from looking at high frequencies too early; σ falls linearly, as in the released code.
    Another augmentation may follow. Differences: the Gaussian is exp(-x² / 2σ²), in the released code 2^(-x²
    / σ²), whose deviation is 0.85 σ; it ends at 3 times the first σ, there at 3 times the present one; the
    released fade is 6,250 batches long, these 200,000 images at its batch of 32. Beyond the border are zeros,
    as there. Images seen are counted by the scores of real images in main updates.

    `(N, C, H, W)` → the same, in the image's dtype, also under autocast; linear in the image.
    """

    sigma: float = field(
        default=10.0, validator=within(0, 1000), help="deviation at the start, in pixels, up to 1000"
    )
    images: float = field(default=200_000.0, validator=above(0), help="after so many images the blur is gone")
    then: Augment = seat(default=NoAugment, help="what changes the blurred images")

    def build(self) -> None:
        """Starts to count."""
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))
        self.seen = RunningMean()

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        height, width = image.shape[2:]
        with torch.autocast(image.device.type, enabled=False):
            blurred = self._matrix(height, image) @ image @ self._matrix(width, image)
        changed: Tensor = self.then(blurred)
        return changed

    def observe(self, scores: Tensor) -> None:
        """Counts the images of a main update."""
        self.seen.add(torch.zeros((), device=scores.device), len(scores))
        self.then.observe(scores)

    def observe_again(self, scores: Tensor) -> None:
        """Only what follows may want to see a penalty's pass."""
        self.then.observe_again(scores)

    def update_buffers(self) -> None:
        """Moves the count."""
        self.get_buffer("count").add_(round(self.seen.count))

    def scalars(self) -> dict[str, Tensor]:
        """The deviation as a curve, beside those of what follows."""
        return {"sigma": self.present, **self.then.scalars()}

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """What follows says for itself whether it is compiled; two small products gain nothing."""
        self.then.compile(*args, **kwargs)

    @property
    def present(self) -> Tensor:
        """σ now, on the device of the images: asking for its value would wait for a GPU."""
        return self.sigma * (1 - self.get_buffer("count").float() / self.images).clamp(min=0)

    def _matrix(self, size: int, image: Tensor) -> Tensor:
        """`(size, size)`: the filter along one axis. Without any deviation left, each pixel is its own."""
        place = torch.arange(size, device=image.device)
        reach = math.ceil(3 * self.sigma)
        taps = torch.arange(-reach, reach + 1, device=image.device)
        # the least deviation is one whose square is not yet zero
        weights = torch.exp(-0.5 * (taps / self.present.clamp(min=1e-6)).square())
        offset = place[:, None] - place
        inside = offset.abs() <= reach
        matrix: Tensor = (weights / weights.sum())[offset.clamp(-reach, reach) + reach] * inside
        return matrix.to(image.dtype)
