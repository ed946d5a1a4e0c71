"""Residual discriminators with spectral normalization, without and with projection."""

from typing import ClassVar

from gancore import part
from gancore.standard.resnet import ProjectionResNetDiscriminator, ResNetDiscriminator


@part("sngan")
class SNGANDiscriminator(ResNetDiscriminator):
    """Residual blocks halve the image; the last maps are summed and scored; all layers are spectrally
    normalized.

    Paper: Miyato et al. 2018, arXiv:1802.05957, tables 4 to 6 (ResNet). Up to 32 pixels 4 blocks of 128
    channels, of which 2 halve; larger images have blocks of 64 to 1024 channels down to a map of 3 to 7, and
    one more; at 64 pixels, which the paper does not have, 5 blocks that all halve, as in torch-mimicry.
    Initial weights as in generator/sngan. The power iteration is that of `gancore.nn.spectral_norm`.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides cannot be halved as often.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2},)


@part("sngan-labels")
class ProjectionSNGANDiscriminator(ProjectionResNetDiscriminator):
    """The discriminator of SNGAN with the label projected onto its features: f(x, y) = yᵀV φ(x) + ψ(φ(x)).

    Paper: Miyato & Koyama 2018, arXiv:1802.05637, section 3 and fig. 1d; V and ψ are spectrally normalized,
    as in its experiments. A label may be a class or a row of K numbers. Otherwise like discriminator/sngan.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels, or the sides cannot be halved as often.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2, "classes": 3},)
    unlabeled: ClassVar[str] = "discriminator/sngan"
