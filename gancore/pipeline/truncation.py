"""Truncation: moves codes toward the mean that their conditioner keeps."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor

from gancore.component.interfaces import Conditioner
from gancore.errors import UserError

if TYPE_CHECKING:
    from gancore.pipeline.pipeline import Pipeline

FARTHEST = 100.0
"""Largest absolute truncation; images degrade long before that."""


def layers_of(code_shape: Sequence[int]) -> int:
    """Number of generator layers with separate codes: L for codes `(L, W)`, else 0."""
    return int(code_shape[0]) if len(code_shape) == 2 and code_shape[0] > 1 else 0


def keeps_a_mean(pipeline: "Pipeline") -> bool:
    """Whether the conditioner keeps a mean code, which truncation needs."""
    return type(pipeline.conditioner).truncate is not Conditioner.truncate


def truncated(
    conditioner: Conditioner, code: Tensor, label: Tensor | None, amount: Any, layers: int | None = None
) -> Tensor:
    """Codes as their conditioner truncates them, with their labels if it reads labels."""
    given = {"label": label} if conditioner.conditional else {}
    return conditioner.truncate(code, amount, layers, **given)


def check_truncation(pipeline: "Pipeline", amount: float = 1.0, layers: int | None = None) -> None:
    """Checks that codes can be truncated, in all layers or the first `layers`; 1 is always valid.

    Raises:
        UserError: the amount is not between -100 and 100, the conditioner keeps no mean, or codes have no or
        fewer layers.
    """
    total, generator = layers_of(pipeline.generator.code_shape), pipeline.generator.qualified_name
    if not abs(amount) <= FARTHEST:
        raise UserError(
            f"truncation must be between {-FARTHEST:g} and {FARTHEST:g}, 1 for none; got {amount:g}"
        )
    if (amount != 1 or layers is not None) and not keeps_a_mean(pipeline):
        raise UserError(
            f"{pipeline.conditioner.qualified_name} keeps no mean to truncate toward; omit truncation"
        )
    if layers is None:
        return
    if not total:
        raise UserError(
            f"{generator} reads one code {tuple(pipeline.generator.code_shape)} for the whole image; "
            "omit the number of layers"
        )
    if not 0 <= layers <= total:
        raise UserError(f"{generator} has {total} layers; truncate 0 to {total} of them; got {layers}")
