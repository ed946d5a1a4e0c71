"""A conditioner that draws the indices of an image, given another image."""

from typing import Any, ClassVar

from torch import Size, Tensor, nn

from gancore.component.interfaces import Conditioner, ImageShape, Shape, Terms
from gancore.component.part import Seat, fact, part, seat
from gancore.component.quantizer import Quantizer
from gancore.component.randomness import uniform
from gancore.nn.initializers import normal_weights
from gancore.standard.quantizers import VectorQuantizer
from gancore_vqgan.prior.transformer import SMALL, Transformer
from gancore_vqgan.quantized import IndexEncoder

__all__ = ["DrawnCodes", "length_of"]

_NO_GRADIENT = "indices are drawn, so no gradient passes; the transformer learns by its own terms"
_ENCODER: dict[str, Any] = {
    "part": "quantized",
    "network": {"part": "vq-vae", "width": 4, "blocks": 1},
    "quantizer": {"part": "vector", "size": 5},
    "code_shape": (3, 2, 2),
}


def length_of(condition: IndexEncoder) -> int:
    """The number of indices of a condition."""
    return Size(condition.quantizer.index_shape).numel()


@part("drawn-codes")
class DrawnCodes(Conditioner):
    """Encodes the image that is to be translated as indices, draws those of its translation after them with a
    causal transformer, and looks their vectors up: p(s | c) = Π p(s_i | s_<i, c).

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2, eq. 10, for spatial conditions: their
    indices, in raster order, are the tokens that a sequence begins with. Difference: they are embedded in a
    table of their own, where the released code has one for both codebooks. Noise comes from
    `gancore.component.randomness`. Labels are ignored.

    Images `(N, *source)` → code maps `(N, *code)`.
    """

    examples = (
        {
            "condition": _ENCODER,
            "quantizer": {"part": "vector", "size": 6},
            "sampler": SMALL,
            "source": (3, 8, 8),
            "code": (4, 2, 3),
        },
    )
    expected_failures: ClassVar = {"gradient_reaches_everything": _NO_GRADIENT}

    source: ImageShape = fact(default=None, help="shape (C, H, W) of the images that are translated")
    condition: Seat[IndexEncoder] = seat(help="encodes the images that are translated")
    quantizer: Seat[Quantizer] = seat(default=VectorQuantizer, help="holds the vectors of the translations")
    sampler: Seat[Transformer] = seat(default=Transformer, help="draws the indices of the translations")

    def facts(self, seat: str) -> dict[str, Any]:
        """The images for the encoder, the code for the quantizer, and the lengths for the transformer."""
        if seat == "condition":
            return {"image": tuple(self.source)}
        if seat == "quantizer":
            return {"code": tuple(self.code)}
        return {
            "latent": self.quantizer.index_shape,
            "codebook_size": self.quantizer.codebook_size,
            "begins": length_of(self.condition),
        }

    def build(self) -> None:
        """Makes the embedding of the condition's indices."""
        self.table = nn.Embedding(self.condition.quantizer.codebook_size, self.sampler.width)
        normal_weights(self.table, self.sampler.deviation)

    @property
    def latent_shape(self) -> Shape:
        """The shape of the images that are translated."""
        return tuple(self.source)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """Images `(N, *source)` → code maps `(N, *code)` of their translations."""
        noise = uniform(len(latent), *self.sampler.noise_shape, like=latent)
        drawn = self.sampler.latents_after(self.begin(self.condition.code(latent)), noise)
        return self.quantizer.look_up(drawn)

    def begin(self, condition: Tensor) -> Tensor:
        """Indices of conditions `(N, *S)` → embedded tokens `(N, B, W)`."""
        tokens: Tensor = self.table(condition.flatten(1))
        return tokens

    def terms(self, indices: Tensor, condition: Tensor) -> Terms:
        """Eq. 10: what the transformer learns the indices of translations by, `(N, *latent)`, given those of
        conditions.
        """
        return self.sampler.terms_after(self.begin(condition), indices)
