"""What the recipes of vector-quantized autoencoders have in common."""

from typing import Any

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import Seat, field, interface, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe, Run
from gancore.standard.quantizers import Codebook
from gancore_vqgan.quantized import IndexEncoder, QuantizedEncoder
from gancore_vqgan.vqvae_networks import VQVAEDecoder

__all__ = ["FirstStage"]


@interface("recipe")
class FirstStage(Recipe):
    """An encoder, whose codes are indices into a codebook, and a generator that reads the vectors.

    Its pipeline reconstructs images: image → indices → conditioner `codebook`, which holds the same
    quantizer → generator → image. A second stage adds a sampler of indices.

    Raises:
        FitError: encoder and generator disagree about the shape of the codes.
    """

    generator: Seat[Generator] = seat(default=VQVAEDecoder)
    encoder: Seat[IndexEncoder] = seat(default=QuantizedEncoder)
    batch: int = field(default=128, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image, and for the encoder the shape of the generator's code."""
        return {"image": self.image, **({"code_shape": self.code} if seat == "encoder" else {})}

    @property
    def code(self) -> Shape:
        """The shape (D, h, w) of one code map."""
        return tuple(self.generator.code_shape)

    def build(self) -> None:
        """Makes the conditioner, with the quantizer of the encoder."""
        if tuple(self.encoder.code_shape) != self.code:
            raise FitError(
                f"{self.encoder.qualified_name} makes codes {self.encoder.code_shape}, "
                f"{self.generator.qualified_name} reads {self.code}"
            )
        self.conditioner = Codebook(quantizer=self.encoder.quantizer, code=self.code)

    @property
    def batch_size(self) -> int:
        """The published batch size."""
        return self.batch

    def pipelines(self) -> dict[str, Pipeline]:
        """Reconstructs images from the indices of their codes."""
        return {
            "image": Pipeline(conditioner=self.conditioner, generator=self.generator, encoder=self.encoder)
        }

    def log_quantizer(self, run: Run) -> None:
        """The curves of the quantizer, such as its perplexity."""
        run.log(**{f"quantizer/{name}": value for name, value in self.encoder.quantizer.scalars().items()})
