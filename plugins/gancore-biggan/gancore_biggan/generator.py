"""BigGAN's generators, with a shared class embedding and with tables of classes."""

from functools import partial

import torch
from torch import Tensor

from gancore import fact, field, part
from gancore.component.interfaces import Shape
from gancore.component.validators import whole
from gancore.errors import FactError
from gancore.nn.conditional_norm import ClassVectors
from gancore.nn.labels import check_classes
from gancore_biggan.up import UpNetwork

__all__ = ["BigGANGenerator", "TableBigGANGenerator"]


@part("biggan", tags=["batch"])
class BigGANGenerator(UpNetwork):
    """A chunk of the latent becomes a small map; residual blocks double it up to the image, each conditioned
    on the class embedding and a chunk of its own.

    Paper: Brock et al. 2018, arXiv:1809.11096, section 3 and appendix B, tables 4 to 6, fig. 15. Batch
    normalization gets 1 plus its scale, and its bias, from the embedding and the chunk, by linear layers
    without bias; all layers but the embedding are spectrally normalized, and initialized orthogonally.
    Self-attention stands at 64×64. The code is the latent and the class embedding, as conditioner/embedding
    joins them with `size` = `embedding_size`. Without `hierarchical` the first layer reads the whole latent
    and the blocks the embedding alone. A latent that has no whole chunks is shortened to that, as in the
    released code. Up to 32 pixels all maps have 4 · `width` channels, as in the released code for CIFAR-10.

    `(N, latent + embedding_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the sides are not those of a map with a shorter side of 4 to 7, times a power of two;
        `widths` are not one for each map; no map has a size in `attention`; or the latent has fewer
        dimensions than there are chunks.
    """

    examples = ({"latent_size": 7, "embedding_size": 3, "width": 1, "widths": (4, 4, 4), "attention": (8,)},)
    embedding_size: int = field(default=128, validator=whole(1), help="length of the class embedding")
    hierarchical: bool = field(default=True, help="whether each block gets a chunk of the latent")

    @property
    def chunk(self) -> int:
        """Dimensions of the latent that the first layer and each block get."""
        return self.latent_size // (self.doublings + 1)

    @property
    def used_latent(self) -> int:
        """Dimensions of the latent."""
        return self.chunk * (self.doublings + 1) if self.hierarchical else self.latent_size

    @property
    def code_shape(self) -> Shape:
        """The latent and the class embedding."""
        return (self.used_latent + self.embedding_size,)

    def build(self) -> None:
        """Makes the layers."""
        if self.hierarchical and not self.chunk:
            raise FactError(
                f"{self.qualified_name} splits the latent into {self.doublings + 1} chunks; got a latent of "
                f"{self.latent_size}: give latent_size at least {self.doublings + 1}"
            )
        given = self.embedding_size + self.chunk * self.hierarchical
        inputs = self.chunk if self.hierarchical else self.latent_size
        self.make_layers(inputs, partial(self.linear, given, bias=False))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent + embedding_size)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, embedding = code[:, : self.used_latent], code[:, self.used_latent :]
        if not self.hierarchical:
            return self.image_from(latent, [embedding] * self.doublings)
        first, *others = torch.split(latent, self.chunk, dim=1)  # (N, chunk) each
        return self.image_from(first, [torch.cat([embedding, chunk], dim=1) for chunk in others])


@part("biggan-tables", tags=["batch"])
class TableBigGANGenerator(UpNetwork):
    """BigGAN's generator without hierarchy and shared embedding: each batch normalization has a table with a
    scale and a bias for each class.

    Paper: Brock et al. 2018, arXiv:1809.11096, table 1, the rows without a shared embedding; the released
    code's network for CIFAR-10. The code is the latent and the label as conditioner/one-hot joins them; a
    mixture of classes gives the mixture of their scales and biases, which start at one and zero (released
    code: near these, at random). Otherwise like generator/biggan.

    `(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: the data have no labels; else like generator/biggan.
    """

    examples = ({"latent_size": 6, "width": 1, "classes": 3},)
    classes: int = fact(help="number of classes K, given by the data")

    @property
    def code_shape(self) -> Shape:
        """The latent, and one number for each class."""
        return (self.latent_size + self.classes,)

    def build(self) -> None:
        """Makes the layers."""
        check_classes(self, "generator/biggan with conditioner/identity")
        self.make_layers(self.latent_size, partial(ClassVectors, self.classes))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, latent_size + K)` → `(N, C, H, W)` float32 in (-1, 1)."""
        latent, label = code[:, : self.latent_size], code[:, self.latent_size :]  # (N, latent_size), (N, K)
        return self.image_from(latent, [label] * self.doublings)
