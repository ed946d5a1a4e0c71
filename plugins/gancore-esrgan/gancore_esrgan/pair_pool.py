"""The pool of pairs that batches are mixed in."""

import torch
from torch import Tensor

from gancore.errors import FitError
from gancore.recipes.pool import Pool

__all__ = ["PairPool"]


class PairPool(Pool):
    """A pool of `size` earlier pairs of an image and its source, from which batches are drawn.

    Paper: Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 4.1, the training pair pool; the released
    code keeps 180 pairs for the 12 of a batch on each of four devices. The pairs are buffers, so checkpoints
    contain them.
    """

    images: Tensor
    sources: Tensor

    def __init__(self, size: int, image: tuple[int, ...], source: tuple[int, ...]) -> None:
        super().__init__(size, images=image, sources=source)

    def exchange(self, image: Tensor, source: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """`(N, C, H, W)` images and `(N, C, h, w)` sources → as many pairs to learn from.

        While the pool fills, pairs are stored and returned. Once it is full, they take the places of random
        stored ones, no place twice, which are returned instead. The number of draws from `rng` does not
        depend on what the pool holds.

        Raises:
            FitError: N does not divide the size of the pool.
        """
        size, n, held = len(self.images), len(image), int(self.held)
        check_divides(n, size)
        places = torch.randperm(size, generator=rng)[:n].to(image.device)
        if held < size:
            places = (held + torch.arange(n, device=image.device)) % size
        shown = (image, source) if held < size else (self.images[places], self.sources[places])
        self.images[places] = image.to(self.images.dtype)
        self.sources[places] = source.to(self.sources.dtype)
        self.held.fill_(min(held + n, size))
        return shown


def check_divides(batch: int, size: int) -> None:
    """Raises FitError unless a pool of this size holds whole batches."""
    if size % batch:
        larger = batch * (size // batch + 1)
        raise FitError(
            f"the pool has {size} pairs, which are no whole number of batches of {batch}; set pool to a "
            f"multiple of {batch}, such as {larger}, or to 0 for none, or take a batch that divides {size}"
        )
