"""Batch normalization: by the statistics of one image outside of training, or over all processes in it."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.precision import at_least_float32

__all__ = ["BatchNorm2d", "SyncBatchNorm2d"]


class BatchNorm2d(nn.BatchNorm2d):
    """`nn.BatchNorm2d` that in eval mode can normalize each image by its own statistics.

    Paper: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1; the statistics of the images that are
    translated, one at a time, as in Isola et al. 2016 (Pix2Pix), arXiv:1611.07004, section 3.3. A network
    that was trained with batches of one has only met such statistics, and the running ones are means of them.

    `(N, C, H, W)` → the same shape.

    Args:
        channels: C.
        own_statistics: whether, in eval mode, an image is normalized by its own mean and variance.
    """

    def __init__(self, channels: int, own_statistics: bool = False) -> None:
        super().__init__(channels)
        self.own_statistics = own_statistics

    def forward(self, input: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        if self.training or not self.own_statistics:
            return super().forward(input)
        if len(input) == 1 and input[0, 0].numel() > 1:  # a batch of one has the statistics of its image
            return functional.batch_norm(input, None, None, self.weight, self.bias, True, 0.0, self.eps)
        normal = functional.layer_norm(input, input.shape[2:], eps=self.eps)  # over H and W of each channel
        return (normal * _maps(self.weight) + _maps(self.bias)).to(input.dtype)


class SyncBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization whose mean and variance in training are those of the batches of all processes.

    Paper: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1; across devices as in Brock et al. 2018
    (BigGAN), arXiv:1809.11096, section 3. On one process, and in eval mode, it is `nn.BatchNorm2d` to the
    bit. It differs from `nn.SyncBatchNorm` in that it runs on the CPU too, can be differentiated any number
    of times, as a gradient penalty needs, and is given no group: all processes take part. Every process must
    pass through it equally often. Micro-batches are normalized one by one, so the part that holds it is
    tagged `batch`.

    `(N, C, H, W)` → the same shape.
    """

    alone = False
    """Whether this process passes by itself, as the one that draws images does."""

    def forward(self, input: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        if self.alone or not (self.training and dist.is_available() and dist.is_initialized()):
            return super().forward(input)
        self._check_input_dim(input)
        x = at_least_float32(input)
        mean, var, count = _moments(x)
        self._track(mean.detach(), var.detach(), count)
        normal = (x - _maps(mean)) * _maps(var + self.eps).rsqrt()
        if self.weight is not None:
            normal = normal * _maps(self.weight) + _maps(self.bias)
        return normal.to(input.dtype)

    @torch.no_grad()
    def _track(self, mean: Tensor, var: Tensor, count: Tensor) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean), share)
        self.running_var.lerp_((var * count / (count - 1)).to(self.running_var), share)


def _moments(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean `(C,)`, variance `(C,)` and number of values of a channel over all processes."""
    own = x.new_full((1,), float(x.numel() // x.shape[1]))
    joined = _all_reduce(torch.cat([x.sum((0, 2, 3)), own]))
    count = joined[-1].detach()
    mean = joined[:-1] / count
    # the squared distance from the joint mean, not E[x²] - E[x]², which cancels
    squares = _all_reduce((x - _maps(mean)).square().sum((0, 2, 3)))
    return mean, squares / count, count


def _maps(channels: Tensor) -> Tensor:
    return channels[:, None, None]


class _AllReduce(torch.autograd.Function):
    """The sum over all processes; so is its gradient, since each process's loss depends on every addend."""

    @staticmethod
    def forward(ctx: Any, addend: Tensor) -> Tensor:
        total = addend.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return _all_reduce(gradient.contiguous())


def _all_reduce(addend: Tensor) -> Tensor:
    total: Tensor = _AllReduce.apply(addend)  # type: ignore[no-untyped-call]
    return total
