"""What pools of earlier rows have in common."""

import torch
from torch import Tensor, nn

__all__ = ["Pool"]


class Pool(nn.Module):
    """Room for `size` rows of each of several entries, in buffers, so that checkpoints contain them.

    `Pool(50, images=(3, 32, 32))` has the buffer `images`, `(50, 3, 32, 32)`, and `held`, the count of rows
    that are filled. What comes in and out is decided by a subclass, with random numbers of the run, whose
    rows are those of all processes: then every process holds the same.
    """

    held: Tensor

    def __init__(self, size: int, **shapes: tuple[int, ...]) -> None:
        super().__init__()
        for name, shape in shapes.items():
            self.register_buffer(name, torch.zeros(size, *shape))
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))
