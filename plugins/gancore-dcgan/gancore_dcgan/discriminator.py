"""Discriminators of strided convolutions."""

from typing import ClassVar

from gancore.component.part import part
from gancore.standard.strided import StridedDiscriminator


@part("dcgan", tags=["batch"])
class DCGANDiscriminator(StridedDiscriminator):
    """Strided convolutions halve the image down to a small map, which is scored as a whole.

    Paper: Radford et al. 2015, arXiv:1511.06434, section 3: no pooling, batch normalization in all layers but
    the first and the last, leaky ReLU of slope 0.2 in all. As in the PyTorch example, kernels are 4×4 (the
    paper's code: 5×5), no convolution has a bias, and the last layer is a convolution as large as the map,
    which is equivalent to the paper's flattened map and single output. The sigmoid is part of the loss.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = True


@part("dcgan-plain", tags=["piecewise-linear"])
class PlainDCGANDiscriminator(StridedDiscriminator):
    """The DCGAN discriminator without batch normalization, as per-image gradient penalties require.

    Not in the paper; WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, section 4) explains why. Convolutions
    have biases, and initial weights preserve the variance (He et al. 2015, arXiv:1502.01852).

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = False
