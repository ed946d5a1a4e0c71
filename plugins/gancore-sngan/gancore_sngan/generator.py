"""Residual generators, without and with class-conditional batch normalization."""

from typing import ClassVar

from gancore import part
from gancore.standard.resnet import LabeledResNetGenerator, ResNetGenerator


@part("sngan", tags=["batch"])
class SNGANGenerator(ResNetGenerator):
    """A latent becomes a small map, which residual blocks with batch normalization double up to the image.

    Paper: Miyato et al. 2018, arXiv:1802.05957, tables 4 to 6 (ResNet): a linear layer, one block for each
    doubling, batch normalization, ReLU, a 3×3 convolution, tanh. Up to 32 pixels all maps have 256 channels;
    larger images have 64 next to the image, doubled with each halving up to 1024. Initial weights are uniform
    (Glorot & Bengio 2010), with gain √2 in the blocks, as in the released code. `upsampling = "bilinear"`
    is that of torch-mimicry, whose other layers are the same.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two, or
        `widths` are not one for each of its maps.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4)},)


@part("sngan-labels", tags=["batch"])
class LabeledSNGANGenerator(LabeledResNetGenerator):
    """The generator of SNGAN with a scale and a bias for each class in the batch normalization of its blocks.

    Paper: Miyato & Koyama 2018 (cGANs with projection discriminator), arXiv:1802.05637, section 5 and
    appendix A. The code is the latent and the label as conditioner/one-hot joins them; a mixture of classes
    gives the mixture of their scales and biases. Otherwise like generator/sngan.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels; else like generator/sngan.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4), "classes": 3},)
    unlabeled: ClassVar[str] = "generator/sngan"
