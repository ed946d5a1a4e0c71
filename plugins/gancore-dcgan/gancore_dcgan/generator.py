"""Generators of fractionally strided convolutions."""

from typing import ClassVar

from gancore.component.part import part
from gancore.standard.strided import StridedGenerator


@part("dcgan", tags=["batch"])
class DCGANGenerator(StridedGenerator):
    """A latent becomes a small map of many channels, which fractionally strided convolutions enlarge.

    Paper: Radford et al. 2015, arXiv:1511.06434, fig. 1 and section 3: no pooling, no fully connected hidden
    layer, batch normalization in all layers but the output, ReLU, tanh. As in the PyTorch example, kernels
    are 4×4 (the paper's code: 5×5), the projection is a transposed convolution of a 1×1 map, no convolution
    has a bias, and `width` is 64 (fig. 1: 128). Like the paper's, 64×64 images take four convolutions after
    the projection; other sizes take fewer or more. The shorter side of the first map is 4, and no layer is
    wider than 8 × `width`.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = True


@part("dcgan-plain")
class PlainDCGANGenerator(StridedGenerator):
    """The DCGAN generator without batch normalization: samples are independent in training as well.

    Not in the paper. Convolutions have biases, and initial weights preserve the variance (He et al. 2015,
    arXiv:1502.01852).

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = False
