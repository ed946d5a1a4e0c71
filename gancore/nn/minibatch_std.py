"""Minibatch standard deviation, so that a discriminator sees how varied a batch is."""

import torch
from torch import Tensor, nn

from gancore.component.precision import at_least_float32
from gancore.nn.groups import group_sizes

__all__ = ["MinibatchStd"]


class MinibatchStd(nn.Module):
    """Appends the standard deviation over a group of samples, averaged over channels and positions, as a
    constant feature map.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 3; the groups are those of its released
    code. Here a group is `group` neighboring samples (there: samples a fixed stride apart), so that
    micro-batches of whole groups give the same result as the whole batch; a remainder forms a smaller group.

    `(N, C, H, W)` → `(N, C + 1, H, W)`. With `group` = 1 the map is constant; with 0 the whole batch is one
    group, so micro-batches give other results than the batch.
    """

    def __init__(self, group: int = 4, eps: float = 1e-8) -> None:
        super().__init__()
        self.group, self.eps = group, eps

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → `(N, C + 1, H, W)`."""
        n, _, h, w = x.shape
        deviations = torch.cat([self.deviation(rows) for rows in torch.split(x, self.sizes(n))])
        return torch.cat([x, deviations.to(x.dtype).reshape(n, 1, 1, 1).expand(n, 1, h, w)], dim=1)

    def sizes(self, n: int) -> list[int]:
        """How many of `n` samples are in whole groups, and how many remain, without zeros."""
        return group_sizes(n, self.group)

    def deviation(self, rows: Tensor) -> Tensor:
        """One number for each sample in `rows`, which consists of whole groups of equal size."""
        size = min(self.group or len(rows), len(rows))
        groups = at_least_float32(rows.reshape(len(rows) // size, size, -1))
        centered = groups - groups.mean(1, keepdim=True)
        deviation = (centered.square().mean(1) + self.eps).sqrt().mean(1)
        return deviation.repeat_interleave(size)
