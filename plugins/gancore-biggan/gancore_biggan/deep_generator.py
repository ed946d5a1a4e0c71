"""BigGAN-deep's generator."""

from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn

from gancore import field, part
from gancore.component.interfaces import Shape
from gancore.component.validators import whole
from gancore_biggan.layers import DeepUp
from gancore_biggan.up import Make, UpNetwork

__all__ = ["DeepBigGANGenerator"]


@part("biggan-deep", tags=["batch"])
class DeepBigGANGenerator(UpNetwork):
    """Bottleneck blocks, several for each size, each conditioned on the whole latent and the class embedding.

    Paper: Brock et al. 2018, arXiv:1809.11096, appendix B, tables 7 to 9 and fig. 16. The first layer, too,
    reads the whole code: the latent and the class embedding, as conditioner/embedding joins them. Of the
    blocks of a stage the last one doubles the map and changes its channels. `spare_colors` are channels of
    the last convolution beyond the image's, which are left out of the image but count for spectral
    normalization, as in the networks that the authors released. Otherwise like generator/biggan.

    `(N, latent_size + embedding_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two;
        `widths` are not one for each map; or no map has a size in `attention`.
    """

    examples = ({"latent_size": 4, "embedding_size": 3, "widths": (8, 8, 4), "depth": 1, "attention": (8,)},)
    embedding_size: int = field(default=128, validator=whole(1), help="length of the class embedding")
    depth: int = field(default=2, validator=whole(1), help="blocks of each stage")
    spare_colors: int = field(
        default=0, validator=whole(0), help="channels of the last convolution that the image leaves out"
    )

    @property
    def code_shape(self) -> Shape:
        """The latent and the class embedding."""
        return (self.latent_size + self.embedding_size,)

    @property
    def colors(self) -> int:
        """Channels of the last convolution."""
        return self.image[0] + self.spare_colors

    def stage(self, inputs: int, outputs: int, norm: Make) -> Sequence[nn.Module]:
        """The blocks that double a map."""
        same = [DeepUp(inputs, inputs, norm=norm, conv=self.conv, up=False) for _ in range(self.depth - 1)]
        return [*same, DeepUp(inputs, outputs, norm=norm, conv=self.conv, up=True)]

    def build(self) -> None:
        """Makes the layers."""
        inputs = self.code_shape[0]
        self.make_layers(inputs, partial(self.linear, inputs, bias=False))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + embedding_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        return self.image_from(code, [code] * self.doublings)
