"""Networks that grow, and images as they are when a network has not grown to the full size yet.

Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 2 and appendix A.1. All sizes are in the network
from the start; its buffer `stage` says how many of its doublings are in use, a fraction being the weight of
the newest while it fades in: 0 is the smallest map alone, 2.25 two doublings in full and the third at a
quarter. Whoever trains the network sets it; nothing is ever added to or taken from a network. As in the
released code, images go in and out at the full size, averaged down and repeated up, so that pipelines,
penalties, augmentation and networks that do not grow meet what they always do. A penalty on gradients then is
4 times weaker for each doubling not in use.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Growing", "blended", "coarse", "doubled", "halved", "level_of"]


class Growing(nn.Module):
    """What networks that grow have in common: `stage`, kept with their weights."""

    stage: Tensor
    doublings: int

    def start_growing(self, doublings: int, at: int) -> None:
        """Begins with `at` of `doublings` doublings in use; called when the layers are made."""
        self.doublings = doublings
        self.register_buffer("stage", torch.tensor(float(at)))

    def newest(self) -> tuple[int, Tensor | None]:
        """The number of doublings in use, the newest among them, and the weight of that one while it fades
        in; None when in full.
        """
        stage = float(self.stage)
        level = math.ceil(stage)
        return level, None if level == stage else self.stage - (level - 1)


def level_of(size: int, shorter: int, doublings: int) -> int:
    """The doublings after which the shorter side, `shorter` in full, first reaches `size`; all where it never
    does, or `size` is 0.
    """
    return next(
        (level for level in range(doublings) if shorter >> (doublings - level) >= size > 0), doublings
    )


def halved(image: Tensor, times: int) -> Tensor:
    """Averages of 2×2 pixels, so many times over: `(N, C, H, W)` → `(N, C, H/2ᵗ, W/2ᵗ)`."""
    return functional.avg_pool2d(image, 2**times) if times else image


def doubled(image: Tensor, times: int) -> Tensor:
    """Every pixel repeated 2×2 times, so many times over: `(N, C, H, W)` → `(N, C, 2ᵗH, 2ᵗW)`."""
    return functional.interpolate(image, scale_factor=2**times, mode="nearest") if times else image


def blended(before: Tensor, newest: Tensor, weight: Tensor) -> Tensor:
    """(1 - α) · before + α · newest, in their dtype."""
    # a weight without dimensions does not change the dtype, and is not rounded to it either
    return before + (newest - before) * weight


def coarse(image: Tensor, doublings: int, stage: float) -> Tensor:
    """Images of the full size as fine as a network makes them at this stage: `(N, C, H, W)` → the same
    shape.
    """
    level = math.ceil(stage)
    fine = halved(image, doublings - level)
    if level != stage:
        fine = torch.lerp(doubled(halved(fine, 1), 1), fine, stage - (level - 1))
    return doubled(fine, doublings - level)
