"""Codes of which few values are not zero."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Encoder, Shape
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore_autoencoder.convolutional import AutoencoderEncoder


@part("k-sparse")
class KSparse(Encoder):
    """Keeps the k largest values of a code, and sets all others to zero; gradients reach only those kept.

    Paper: Makhzani & Frey 2013 (k-sparse autoencoders), arXiv:1312.5663. Differences: the encoder may be any,
    where the paper's is linear, and encoding keeps k values too, where the paper keeps αk of them with
    α >= 1.

    Image `(N, C, H, W)` → code `(N, *latent)` float32.

    Raises:
        FitError: a code has fewer than k values.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"encoder": {"part": "gancore-autoencoder:autoencoder", "width": 4}, "k": 2},
    )

    encoder: Seat[Encoder] = seat(default=AutoencoderEncoder, help="makes the code")
    k: int = field(default=16, validator=whole(1), help="values that are kept")
    latent: Shape = fact(default=None, help="shape of one code, given by the generator")

    def facts(self, seat: str) -> dict[str, Any]:
        """The shapes of the image and of the code."""
        return {"image": self.image, "latent": self.latent}

    def build(self) -> None:
        """Checks that a code has k values."""
        size = torch.Size(self.latent).numel()
        if size < self.k:
            raise FitError(
                f"{self.qualified_name} keeps {self.k} values of codes that have {size}; "
                f"set k to at most {size}, or give the generator longer codes"
            )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, *latent)` with at most k values that are not zero."""
        code = self.encoder.code(image).flatten(1)  # (N, d)
        kept = code.topk(self.k, dim=1).indices  # (N, k)
        mask = torch.zeros_like(code).scatter(1, kept, 1.0)
        return (code * mask).reshape(-1, *self.latent)
