"""The networks of WGAN and WGAN-GP: strided convolutions, and residual blocks."""

from typing import ClassVar

from gancore import part
from gancore.nn.resnet import Pooling
from gancore.standard.resnet import ResNetDiscriminator, ResNetGenerator
from gancore.standard.strided import StridedDiscriminator, StridedGenerator


@part("wgan", tags=["batch"])
class WGANGenerator(StridedGenerator):
    """The generator of DCGAN.

    Paper: Arjovsky et al. 2017, arXiv:1701.07875, section 4.1, which takes the architecture of Radford et al.
    2015, arXiv:1511.06434, in its released code with 4×4 kernels and batch normalization.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4, "latent_size": 6},)
    normalized: ClassVar[bool] = True


@part("wgan", tags=["batch"])
class WGANCritic(StridedDiscriminator):
    """The discriminator of DCGAN, as a critic whose weights are clipped.

    Paper: Arjovsky et al. 2017, arXiv:1701.07875, section 4.1; batch normalization as in its released code.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = True


@part("wgan-gp", tags=["batch"])
class WGANGPGenerator(ResNetGenerator):
    """The residual generator with batch normalization.

    Paper: Gulrajani et al. 2017 (WGAN-GP), arXiv:1704.00028, appendix F (CIFAR-10): 128 channels in all maps
    up to 32 pixels. Larger images have 64 channels next to the image, doubled with each halving up to 1024
    (the released code: 64×64 images with 64 to 512). `upsampling = "bilinear"` and 256 channels are
    torch-mimicry's.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        `widths` are not one for each of its maps.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4)},)
    small: ClassVar[int] = 128


@part("wgan-gp", tags=["piecewise-linear"])
class WGANGPCritic(ResNetDiscriminator):
    """The residual critic without normalization, as the gradient penalty of each image requires.

    Paper: Gulrajani et al. 2017 (WGAN-GP), arXiv:1704.00028, section 4 and appendix F (CIFAR-10): four blocks
    of 128 channels, of which two halve, and the mean over all places. Larger images have the blocks of
    discriminator/sngan.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides cannot be halved as often.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2},)
    spectral: ClassVar[bool] = False

    @property
    def pools(self) -> Pooling:
        """How the last maps become features."""
        return "mean"


@part("wgan-gp-strided", tags=["piecewise-linear"])
class StridedWGANGPCritic(StridedDiscriminator):
    """The critic of strided convolutions without normalization.

    Paper: Gulrajani et al. 2017 (WGAN-GP), arXiv:1704.00028, section 4: no batch normalization in the critic,
    here DCGAN's discriminator. Difference: the paper recommends layer normalization in its place. Initial
    weights preserve the variance (He et al. 2015, arXiv:1502.01852).

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: a side is not a power of two, or is below 16.
    """

    examples = ({"width": 4},)
    normalized: ClassVar[bool] = False
