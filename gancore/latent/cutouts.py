"""Scores that are averaged over random pieces of an image."""

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gancore.errors import UserError
from gancore.latent.guidance import Scorer

__all__ = ["Cutouts"]


class Cutouts:
    """The mean score of random square pieces of each image: `(N, C, H, W)` in [-1, 1] → `(N,)`.

    As in the guidance of Crowson et al. 2022 (VQGAN-CLIP), arXiv:2204.08583: a score that many pieces share
    is not raised by a pattern that fools the scorer at one place. Each call takes `count` new pieces, the
    same of all images: the side uniform from `smallest` times the shorter side to all of it, the place
    uniform. They are resized to the size of the image, bilinearly with antialiasing. Differences: no
    augmentation besides.

    Raises:
        UserError: there is no piece, or `smallest` is not in (0, 1].
    """

    def __init__(self, scorer: Scorer, count: int = 16, *, smallest: float = 0.5, seed: int = 0) -> None:
        if count < 1 or not 0 < smallest <= 1:
            raise UserError(
                f"cutouts need at least one piece, and a smallest side above 0 up to 1; got {count} pieces "
                f"and {smallest:g}"
            )
        self.scorer, self.count, self.smallest = scorer, count, smallest
        self.rng = torch.Generator().manual_seed(seed)

    def __call__(self, image: Tensor) -> Tensor:
        """`(N,)`."""
        return torch.stack([self.scorer(self.piece(image)) for _ in range(self.count)]).mean(0)

    def piece(self, image: Tensor) -> Tensor:
        """One random piece of all images, `(N, C, H, W)`."""
        height, width = image.shape[2:]
        least = max(1, round(self.smallest * min(height, width)))
        side = self._draw(least, min(height, width))
        top, left = self._draw(0, height - side), self._draw(0, width - side)
        cut = image[:, :, top : top + side, left : left + side]
        return interpolate(cut, (height, width), mode="bilinear", antialias=True, align_corners=False)

    def _draw(self, low: int, high: int) -> int:
        """Uniform in low … high."""
        return int(torch.randint(low, high + 1, (), generator=self.rng))
