"""The history of generated images."""

import torch
from torch import Tensor, nn

__all__ = ["ImagePool"]


class ImagePool(nn.Module):
    """Holds `size` images generated before; the discriminator is shown these half of the time, so that it
    does not forget.

    Paper: Shrivastava et al. 2017, arXiv:1612.07828, section 2.3, as used by Zhu et al. 2017,
    arXiv:1703.10593, section 4, image by image as in the latter's published code. The images are buffers, so
    a checkpoint holds them.
    """

    images: Tensor
    held: Tensor

    def __init__(self, size: int, image: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *image))
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))

    def exchange(self, fresh: Tensor, rng: torch.Generator) -> Tensor:
        """`(N, C, H, W)` newly generated images → as many to show the discriminator.

        While the pool fills, each image is kept and shown. Once it is full, an image is shown as it is, or
        with probability ½ takes the place of an older one, which is shown instead. Every call draws as many
        numbers from `rng`, whatever the pool holds.
        """
        size = len(self.images)
        if size == 0:
            return fresh
        held, shown = int(self.held), []
        swaps = (torch.rand(len(fresh), generator=rng) < 0.5).tolist()
        places = torch.randint(size, (len(fresh),), generator=rng).tolist()
        for image, swap, place in zip(fresh, swaps, places, strict=True):
            shown.append(self.images[place].clone() if held == size and swap else image)
            if held < size or swap:
                self.images[min(held, size - 1) if held < size else place] = image
            held = min(held + 1, size)
        self.held.fill_(held)
        return torch.stack(shown)
