"""The generators of SAGAN, without and with labels."""

from typing import Any, ClassVar

from gancore import field, part
from gancore.component.validators import whole
from gancore.nn.resnet import attention_size
from gancore.standard.resnet import LabeledResNetGenerator, ResNetGenerator


def attention_field() -> Any:
    """Where maps attend."""
    return field(
        default=0,
        validator=whole(0),
        help="shorter side of the maps that attend to each other; 0: 32, or half the image's if that is less",
    )


@part("sagan", tags=["batch"])
class SAGANGenerator(ResNetGenerator):
    """The residual generator with self-attention at one size of maps, all layers spectrally normalized.

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, sections 3 to 5: spectral normalization in the
    generator too; attention at 32×32, where the FID was lowest (table 1), with a gate that starts at zero.
    The blocks and widths are those of SNGAN (arXiv:1802.05957), as in its code. Differences: up to 32 pixels
    maps attend at half the image's size, as in torch-mimicry, and `gancore.nn.SelfAttention` says how it
    differs from eq. 1 to 3.

    `(N, latent_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two,
        `widths` are not one for each of its maps, or no maps have the size of `attention`.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4)},)
    spectral: ClassVar[bool] = True
    attention: int = attention_field()

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend."""
        return self.attention or attention_size(self.image)


@part("sagan-labels", tags=["batch"])
class LabeledSAGANGenerator(LabeledResNetGenerator):
    """The generator of SAGAN with a scale and a bias for each class in the batch normalization of its blocks.

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, section 5: conditional batch normalization. The code
    is the latent and the label as conditioner/one-hot joins them. Otherwise like generator/sagan.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels; else like generator/sagan.
    """

    examples = ({"latent_size": 6, "widths": (4, 4, 4), "classes": 3},)
    spectral: ClassVar[bool] = True
    unlabeled: ClassVar[str] = "generator/sagan"
    attention: int = attention_field()

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend."""
        return self.attention or attention_size(self.image)
