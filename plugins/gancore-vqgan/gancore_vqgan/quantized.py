"""The encoders of vector-quantized autoencoders."""

from abc import abstractmethod
from typing import Any, ClassVar, Literal

from torch import Tensor

from gancore.component.interfaces import Encoder, Shape
from gancore.component.part import Seat, fact, interface, part, seat
from gancore.component.quantizer import Quantized, Quantizer
from gancore.errors import FitError
from gancore.standard.quantizers import VectorQuantizer
from gancore_vqgan.vqvae_networks import VQVAEEncoder

__all__ = ["IndexEncoder", "QuantizedEncoder"]


@interface("encoder")
class IndexEncoder(Encoder):
    """An encoder whose codes are the indices of a quantizer: latents of the conditioner `codebook`, in whose
    seat the same quantizer stands.

    `(image)` → code maps before quantization; `quantized` gives the map after it, `code` its indices.
    """

    gives: ClassVar[Literal["code", "latent"]] = "latent"
    quantizes: ClassVar[bool] = True

    code_shape: Shape = fact(default=None, help="shape (D, …) of one code map, given by the generator")
    quantizer: Seat[Quantizer] = seat(default=VectorQuantizer, help="the quantizer that holds the vectors")

    @abstractmethod
    def quantized(self, image: Tensor) -> Quantized:
        """`(N, C, H, W)` → the quantized map, its indices, and the terms that train the codebook."""

    def code(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → indices `(N, *index_shape)` int64."""
        return self.quantized(image).indices


@part("quantized")
class QuantizedEncoder(IndexEncoder):
    """A network that makes code maps, and the quantizer of their vectors: its codes are indices.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, section 3.1. The indices are the latents of
    the conditioner `codebook`, in whose seat the same quantizer stands. Labels are ignored.

    Images `(N, C, H, W)` → code maps `(N, D, *S)` before quantization; `quantized` gives the map after it,
    `code` its indices `(N, *S)` int64.

    Raises:
        FitError: the network reads labels, or gives latents instead of code maps.
    """

    examples = (
        {
            "network": {"part": "vq-vae", "width": 4, "blocks": 1},
            "quantizer": {"part": "vector", "size": 5},
            "image": (3, 16, 16),
            "code_shape": (4, 4, 4),
        },
    )
    expected_failures: ClassVar = {
        "gradient_reaches_everything": "the codebook learns by the terms of the quantizer, not through the "
        "map before quantization",
    }
    network: Seat[Encoder] = seat(default=VQVAEEncoder, help="makes the code maps")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image, and the shape of the code map."""
        code = tuple(self.code_shape)
        return {"image": self.image, "code": code, "code_shape": code}

    def build(self) -> None:
        """Checks that the network makes code maps of images alone."""
        if self.network.gives != "code" or self.network.conditional:
            what = "reads labels" if self.network.conditional else "gives latents"
            raise FitError(
                f"{self.network.qualified_name} {what}, but {self.qualified_name} quantizes code maps that "
                "follow from images alone; give it another network"
            )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, D, *S)` before quantization."""
        made: Tensor = self.network(image)
        return made

    def quantized(self, image: Tensor) -> Quantized:
        """`(N, C, H, W)` → the quantized map, its indices, and the terms that train the codebook."""
        made: Quantized = self.quantizer(self(image))
        return made
