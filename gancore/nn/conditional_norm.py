"""Normalization whose scale and bias follow from a condition: a class, or a vector.

`affine(channels)` makes a module that maps the condition to one number per channel, such as
`partial(ClassVectors, classes)` for labels or `partial(nn.Linear, width, bias=False)` for vectors. Two of
these give the scale, one plus the output, and the bias, so that if both start at zero the layer starts as
plain normalization.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gancore.nn.adain import instance_normalized
from gancore.nn.labels import embedded

__all__ = ["ClassVectors", "ConditionalBatchNorm2d", "ConditionalInstanceNorm2d"]

Affine = Callable[[int], nn.Module]
"""Makes a module that maps conditions to `(N, channels)`."""


class ClassVectors(nn.Module):
    """A learned vector for each class, initially zero; soft labels give a mixture of the vectors.

    It is not an `nn.Embedding`, so initializers leave it at zero. `(N,)` int64 or `(N, K)` float → `(N,
    size)`.
    """

    def __init__(self, classes: int, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(classes, size))

    def forward(self, label: Tensor) -> Tensor:
        """`(N,)` int64 or `(N, K)` float → `(N, size)`."""
        return embedded(label, self.weight)


class ConditionalBatchNorm2d(nn.Module):
    """Batch normalization with a scale and a bias for each sample, by its condition.

    Paper: de Vries et al. 2017, arXiv:1707.00683, section 3; for generators Miyato & Koyama 2018,
    arXiv:1802.05637, by class, and Brock et al. 2018 (BigGAN), arXiv:1809.11096, by a vector of class
    embedding and latent. Like plain batch normalization, it makes a sample depend on the others of the batch:
    a part that contains it is tagged `batch`. `norm` is the layer that normalizes; `SyncBatchNorm2d` does so
    over the batches of all processes, as BigGAN.

    `(N, C, H, W)` and conditions of N samples → the same shape.
    """

    def __init__(
        self,
        channels: int,
        affine: Affine,
        *,
        eps: float = 1e-5,
        momentum: float = 0.1,
        norm: Callable[..., nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.norm = norm(channels, eps, momentum, affine=False)
        self.gain, self.bias = affine(channels), affine(channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`(N, C, H, W)` and conditions of N samples → the same shape."""
        gain, bias = 1 + self.gain(condition), self.bias(condition)
        return torch.addcmul(_maps(bias, x), self.norm(x), _maps(gain, x))


class ConditionalInstanceNorm2d(nn.Module):
    """Instance normalization with a scale and a bias for each sample, by its condition.

    Paper: Dumoulin et al. 2016, arXiv:1610.07629, eq. 5. `(N, C, H, W)` and conditions of N samples → the
    same shape.
    """

    def __init__(self, channels: int, affine: Affine, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.gain, self.bias, self.eps = affine(channels), affine(channels), eps

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`(N, C, H, W)` and conditions of N samples → the same shape."""
        return instance_normalized(x, 1 + self.gain(condition), self.bias(condition), self.eps)


def _maps(values: Tensor, x: Tensor) -> Tensor:
    """Reshapes `(N, C)` to be added to maps or multiplied with them, in their dtype."""
    return values[:, :, None, None].to(x.dtype)
