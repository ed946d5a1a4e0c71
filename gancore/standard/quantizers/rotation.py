"""Another gradient for what passes a quantizer."""

from torch import Tensor
from torch.nn import functional

from gancore.component.part import part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.standard.quantizers.wrapper import QuantizerWrapper

LEAST = 1e-6
"""The least length that is divided by."""


@part("rotation-trick")
class RotationTrick(QuantizerWrapper):
    """Any quantizer, whose gradient is turned and scaled as the quantized vector is from the code's, in place
    of passing straight through.

    Paper: Fifty et al. 2024, arXiv:2410.06424: q is written as sg[λ R] z with λ = ‖q‖ / ‖z‖ and the rotation
    R = 1 - 2 r rᵀ + 2 q̂ ẑᵀ in the plane of both, where r = (q̂ + ẑ) / ‖q̂ + ẑ‖. Values, indices and terms are
    those of the quantizer inside.
    """

    examples = (
        {"quantizer": {"part": "vector", "size": 5}},
        {"quantizer": {"part": "fsq", "levels": [4, 3]}},
    )

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → what the quantizer inside makes, with this gradient."""
        made: Quantized = self.quantizer(code)
        return made._replace(code=rotated(at_least_float32(code), made.code.detach()))


def rotated(code: Tensor, quantized: Tensor) -> Tensor:
    """sg[λ R] z: the quantized vectors `(N, D, *S)`, with the gradient λ Rᵀ g in the code's."""
    z, q = code.detach(), quantized
    scale: Tensor = q.norm(dim=1, keepdim=True) / z.norm(dim=1, keepdim=True).clamp(min=LEAST)
    z, q = functional.normalize(z, dim=1), functional.normalize(q, dim=1)
    r = functional.normalize(z + q, dim=1)
    turned = code - 2 * r * _dot(r, code) + 2 * q * _dot(z, code)
    return scale * turned


def _dot(one: Tensor, other: Tensor) -> Tensor:
    return (one * other).sum(1, keepdim=True)
