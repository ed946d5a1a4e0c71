"""Initial weights of convolutions, linear layers and embeddings; their biases start at zero.

Each function initializes all layers of a network (or a single layer) in order, after they have been created,
and draws from the global generator, which is seeded before a part's `build` is called.
"""

import math
from collections.abc import Callable
from functools import partial

from torch import Tensor, nn

from gancore.nn.spectral_norm import STARTING, Spectral

__all__ = ["he_weights", "normal_weights", "orthogonal_weights", "xavier_normal_weights", "xavier_weights"]

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def normal_weights(network: nn.Module, deviation: float = 0.02) -> None:
    """Weights N(0, deviation), and the scales of batch normalization N(1, deviation).

    Paper: Radford et al. 2015 (DCGAN), arXiv:1511.06434, section 4, with 0.02; the scales are those of the
    PyTorch example, and of the published code of Zhu et al. 2017 (CycleGAN), arXiv:1703.10593.
    """
    for layer in network.modules():
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear, nn.Embedding)):
            _set(layer, partial(nn.init.normal_, mean=0.0, std=deviation))
        elif isinstance(layer, NORMS) and layer.affine:
            _set(layer, partial(nn.init.normal_, mean=1.0, std=deviation))


def he_weights(network: nn.Module, slope: float = 0.0) -> None:
    """Weights N(0, √(2 / ((1 + slope²) n))), n the inputs of an output: layers with rectifiers preserve the
    variance.

    Paper: He et al. 2015, arXiv:1502.01852, eq. 10, and eq. 15 for leaky rectifiers. For a transposed
    convolution, which the paper does not cover, n is the number of inputs that contribute to one pixel.
    Embeddings are left unchanged.
    """
    for layer in network.modules():
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear)):
            deviation = math.sqrt(2 / ((1 + slope**2) * fan_in(layer)))
            _set(layer, partial(nn.init.normal_, mean=0.0, std=deviation))


def xavier_weights(network: nn.Module, gain: float = 1.0) -> None:
    """Weights uniform in ± gain · √(6 / (inputs + outputs)), each counted with its kernel.

    Paper: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    eq. 16.
    """
    for layer in network.modules():
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear, nn.Embedding)):
            _set(layer, partial(nn.init.xavier_uniform_, gain=gain))


def xavier_normal_weights(network: nn.Module, gain: float = 1.0) -> None:
    """Weights N(0, gain · √(2 / (inputs + outputs))), each counted with its kernel.

    Paper: Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks",
    eq. 12; the published code of Park et al. 2020 (CUT), arXiv:2007.15651, has it with a gain of 0.02.
    """
    for layer in network.modules():
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear, nn.Embedding)):
            _set(layer, partial(nn.init.xavier_normal_, gain=gain))


def orthogonal_weights(network: nn.Module, gain: float = 1.0) -> None:
    """Weights as matrices of orthonormal rows (or columns, whichever are fewer), times `gain`.

    Paper: Saxe et al. 2013, arXiv:1312.6120; for convolutions, (outputs, all else), as Brock et al. 2018
    (BigGAN), arXiv:1809.11096, has it.
    """
    for layer in network.modules():
        if isinstance(layer, (*CONVOLUTIONS, nn.Linear, nn.Embedding)):
            _set(layer, partial(nn.init.orthogonal_, gain=gain))


def fan_in(layer: nn.Conv2d | nn.ConvTranspose2d | nn.Linear) -> int:
    """The number of inputs that an output sums, away from the border."""
    if isinstance(layer, nn.Linear):
        return layer.in_features
    taps = math.prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):
        # without stride and padding it spreads a 1×1 map over its kernel, so each output sees one tap
        projects = math.prod(layer.stride) == 1 and not any(map(int, layer.padding))
        taps = 1 if projects else taps // math.prod(layer.stride)
    return layer.in_channels // layer.groups * taps


def _set(layer: nn.Module, draw: Callable[[Tensor], Tensor]) -> None:
    draw(layer.get_parameter("weight"))
    bias = getattr(layer, "bias", None)
    if bias is not None:
        nn.init.zeros_(bias)
    if isinstance(layer, Spectral):
        layer.update_buffers(STARTING)
