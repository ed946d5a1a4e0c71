"""The discriminators of SAGAN, without and with labels."""

from typing import ClassVar

from gancore import part
from gancore.nn.resnet import attention_size
from gancore.standard.resnet import ProjectionResNetDiscriminator, ResNetDiscriminator
from gancore_sagan.generator import attention_field


@part("sagan")
class SAGANDiscriminator(ResNetDiscriminator):
    """The residual discriminator with self-attention at one size of maps, all layers spectrally normalized.

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, sections 3 to 5. The blocks and widths are those of
    SNGAN (arXiv:1802.05957); maps attend after the first block that makes them as large as `attention` says.
    Differences are those of generator/sagan.

    `(N, C, H, W)` → `(N,)` float32.

    Raises:
        FactError: the sides cannot be halved as often, or no maps have the size of `attention`.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2},)
    attention: int = attention_field()

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend."""
        return self.attention or attention_size(self.image)


@part("sagan-labels")
class LabeledSAGANDiscriminator(ProjectionResNetDiscriminator):
    """The discriminator of SAGAN with the label projected onto its features: f(x, y) = yᵀV φ(x) + ψ(φ(x)).

    Paper: Zhang et al. 2018 (SAGAN), arXiv:1805.08318, section 5, with the projection of Miyato & Koyama
    2018, arXiv:1802.05637. Otherwise like discriminator/sagan.

    `(N, C, H, W)` and labels `(N,)` int64 or `(N, K)` float → `(N,)` float32.

    Raises:
        FactError: the data have no labels; else like discriminator/sagan.
        FitError: no label was given, or a row is not of length K.
    """

    examples = ({"widths": (4, 4, 6), "halvings": 2, "classes": 3},)
    unlabeled: ClassVar[str] = "discriminator/sagan"
    attention: int = attention_field()

    @property
    def attends(self) -> int:
        """The shorter side of the maps that attend."""
        return self.attention or attention_size(self.image)
