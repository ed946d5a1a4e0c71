"""The history of generated images that the discriminators see."""

import torch
from torch import Tensor

from gancore.recipes.pool import Pool

__all__ = ["ImagePool"]


class ImagePool(Pool):
    """A pool of `size` earlier generated images, which the discriminator sees half of the time.

    Paper: Shrivastava et al. 2017, arXiv:1612.07828, section 2.3, as used by Zhu et al. 2017,
    arXiv:1703.10593, section 4; each image is decided separately, as in the latter's published code. The
    images are a buffer, so checkpoints contain them.
    """

    images: Tensor

    def __init__(self, size: int, image: tuple[int, ...]) -> None:
        super().__init__(size, images=image)

    def exchange(self, fresh: Tensor, rng: torch.Generator) -> Tensor:
        """`(N, C, H, W)` newly generated images → the same number of images for the discriminator.

        While the pool fills, each image is stored and returned. Once it is full, each image is returned
        unchanged, or with probability ½ replaces a random stored one, which is returned instead. The number
        of draws from `rng` does not depend on what the pool holds.
        """
        size = len(self.images)
        if size == 0:
            return fresh
        held, shown = int(self.held), []
        swaps = (torch.rand(len(fresh), generator=rng) < 0.5).tolist()
        indices = torch.randint(size, (len(fresh),), generator=rng).tolist()
        for image, swap, index in zip(fresh, swaps, indices, strict=True):  # image: (C, H, W)
            shown.append(self.images[index].clone() if held == size and swap else image)
            if held < size or swap:
                self.images[min(held, size - 1) if held < size else index] = image
            held = min(held + 1, size)
        self.held.fill_(held)
        return torch.stack(shown)  # (N, C, H, W)
