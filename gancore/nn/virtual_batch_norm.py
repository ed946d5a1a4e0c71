"""Virtual batch normalization: a sample depends on a fixed reference batch, not on those beside it."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gancore.component.precision import at_least_float32
from gancore.component.randomness import own_rows
from gancore.errors import FitError

__all__ = ["VirtualBatchNorm", "made_virtual", "with_reference"]


class VirtualBatchNorm(nn.Module):
    """Normalizes a sample by the statistics of a reference batch and the sample itself.

    Paper: Salimans et al. 2016, arXiv:1606.03498, section 3.5. The reference batch is normalized by its own
    statistics, and counts as R samples beside the one that is normalized. It passes through the layers with
    the weights of the moment (`with_reference`), and gradients flow through it. Stands in place of
    `nn.BatchNorm1d` and `nn.BatchNorm2d`; the same in training and eval mode.

    `(N, C)` or `(N, C, H, W)` → the same shape and dtype.

    Raises:
        FitError: no reference batch has passed.
    """

    def __init__(
        self, channels: int, eps: float = 1e-5, momentum: float | None = None, *, affine: bool = True
    ) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.reference: tuple[Tensor, Tensor, int] | None = None
        self.refers = False

    def forward(self, input: Tensor) -> Tensor:
        """`(N, C)` or `(N, C, H, W)` → the same shape."""
        x = at_least_float32(input)
        x = x.reshape(*x.shape, *[1] * (4 - x.dim()))  # (N, C, H, W)
        mean, var = self._of_reference(x) if self.refers else self._of_samples(x)
        normal = (x - mean) * (var + self.eps).rsqrt()
        if self.weight is not None and self.bias is not None:
            normal = normal * _maps(self.weight) + _maps(self.bias)
        return normal.reshape(input.shape).to(input.dtype)

    def _of_reference(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance `(1, C, 1, 1)` of the reference batch, which are kept for the samples."""
        mean = x.mean((0, 2, 3), keepdim=True)
        var = (x - mean).square().mean((0, 2, 3), keepdim=True)
        self.reference = mean, var, len(x)
        return mean, var

    def _of_samples(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance `(N, C, 1, 1)` of the R samples of the reference batch and each of these."""
        if self.reference is None:
            raise FitError(
                "virtual batch normalization needs a reference batch; call the network through "
                "gancore.nn.virtual_batch_norm.with_reference, as generator/virtual-batch-norm does"
            )
        mean_r, var_r, count = self.reference
        mean_x = x.mean((2, 3), keepdim=True)
        mean = (count * mean_r + mean_x) / (count + 1)
        # squared distances from the joint mean, not E[x²] - E[x]², which cancels
        spread = (x - mean).square().mean((2, 3), keepdim=True)
        var = (count * (var_r + (mean_r - mean).square()) + spread) / (count + 1)
        return mean, var


def _maps(channels: Tensor) -> Tensor:
    return channels[:, None, None]


def with_reference(
    network: nn.Module, call: Callable[[Tensor], Tensor], reference: Tensor, given: Tensor
) -> Tensor:
    """`call(given)`, once `call(reference)` has shown the reference batch to the layers of the network."""
    layers = [layer for layer in network.modules() if isinstance(layer, VirtualBatchNorm)]
    try:
        for layer in layers:
            layer.refers = True
        with own_rows(None):
            call(reference)
        for layer in layers:
            layer.refers = False
        return call(given)
    finally:
        for layer in layers:
            layer.refers, layer.reference = False, None


def made_virtual(network: nn.Module) -> int:
    """Puts virtual batch normalization in place of every batch normalization of a network, with its scale and
    bias; returns how many virtual ones the network has then.
    """
    for path, layer in list(network.named_modules()):
        if isinstance(layer, _BatchNorm):
            virtual = VirtualBatchNorm(layer.num_features, layer.eps, affine=False)
            virtual.weight, virtual.bias = layer.weight, layer.bias
            network.set_submodule(path, virtual)
    return sum(isinstance(layer, VirtualBatchNorm) for layer in network.modules())
