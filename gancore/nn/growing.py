"""Networks that grow, and images as fine as a network that has not grown to the full size yet makes them.

Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 2 and appendix A.1. The network contains all
sizes from the start; its buffer `stage` says how many of its doublings are in use, with a fraction for the
weight of the newest while it fades in: 0 is the smallest map only, 2.25 two full doublings and the third at a
quarter. The training sets it; no layer is ever added or removed. As in the released code, inputs and outputs
are images of the full size, downsampled by averaging and upsampled by repetition, so pipelines, penalties,
augmentation and networks that do not grow work unchanged. A penalty on gradients is then 4 times weaker for
each doubling not in use.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Growing", "blended", "coarse", "doubled", "halved", "level_of"]


class Growing(nn.Module):
    """The base of networks that grow: `stage`, saved with their weights."""

    stage: Tensor
    doublings: int

    def start_growing(self, doublings: int, at: int) -> None:
        """Starts with `at` of `doublings` doublings in use; called when the layers are created."""
        self.doublings = doublings
        self.register_buffer("stage", torch.tensor(float(at)))

    def newest(self) -> tuple[int, Tensor | None]:
        """The number of doublings in use, including the newest, and the weight of the newest while it fades
        in; None once it is full.
        """
        stage = float(self.stage)
        level = math.ceil(stage)
        return level, None if level == stage else self.stage - (level - 1)

    def grown(self, x: Tensor, before: Tensor, to_image: Callable[[Tensor, int], Tensor]) -> Tensor:
        """Maps of the newest size in use, and of the size before it → images of the full size, as fig. 2
        of the paper: while the newest fades in, its image is blended with that of the size before, each pixel
        repeated. `to_image(maps, level)` makes the image of a size.
        """
        level, weight = self.newest()
        image = to_image(x, level)  # (N, C, h, w), the size of this level
        if weight is not None:
            image = blended(doubled(to_image(before, level - 1), 1), image, weight)
        return doubled(image, self.doublings - level)  # (N, C, H, W)

    def shrunk(
        self, image: Tensor, from_image: Callable[[Tensor, int], Tensor], blocks: nn.ModuleList
    ) -> Tensor:
        """Images of the full size → maps of the smallest, as fig. 2 of the paper, through the blocks in
        use, one a doubling. While the newest fades in, its maps are blended behind its block with those
        of the image at half the size. `from_image(image, level)` makes the maps of a size.
        """
        level, weight = self.newest()
        image = halved(image, self.doublings - level)  # (N, C, h, w), the size of this level
        x = from_image(image, level)  # (N, channels, h, w)
        for block in blocks[self.doublings - level :]:
            x = block(x)  # (N, channels, h/2, w/2), …
            if weight is not None:  # after the first block only
                x, weight = blended(from_image(halved(image, 1), level - 1), x, weight), None
        return x


def level_of(size: int, shorter: int, doublings: int) -> int:
    """The number of doublings after which the shorter side, `shorter` at the full size, first reaches `size`;
    all if it never does, or `size` is 0.
    """
    return next(
        (level for level in range(doublings) if shorter >> (doublings - level) >= size > 0), doublings
    )


def halved(image: Tensor, times: int) -> Tensor:
    """Averages 2×2 pixels, `times` times: `(N, C, H, W)` → `(N, C, H/2ᵗ, W/2ᵗ)`."""
    return functional.avg_pool2d(image, 2**times) if times else image


def doubled(image: Tensor, times: int) -> Tensor:
    """Repeats every pixel 2×2 times, `times` times: `(N, C, H, W)` → `(N, C, 2ᵗH, 2ᵗW)`."""
    return functional.interpolate(image, scale_factor=2**times, mode="nearest") if times else image


def blended(before: Tensor, newest: Tensor, weight: Tensor) -> Tensor:
    """(1 - α) · before + α · newest, in their dtype."""
    # a zero-dimensional weight does not change the dtype, and is not rounded to it
    return before + (newest - before) * weight


def coarse(image: Tensor, doublings: int, stage: float) -> Tensor:
    """Reduces images of the full size to the detail that a network has at this stage: `(N, C, H, W)` → the
    same shape.
    """
    level = math.ceil(stage)
    fine = halved(image, doublings - level)
    if level != stage:
        fine = torch.lerp(doubled(halved(fine, 1), 1), fine, stage - (level - 1))
    return doubled(fine, doublings - level)
