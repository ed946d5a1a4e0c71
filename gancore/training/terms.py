"""Checks what a recipe's terms return."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore.errors import UserError


def check_terms(player: str, values: Any) -> Mapping[str, Tensor]:
    """The terms of an update, if they are named tensors that are either scalars or detached rows.

    Raises:
        UserError: they are no dict, or a term is no tensor, or has rows and a gradient that would be dropped.
    """
    if not isinstance(values, Mapping):
        raise UserError(
            f"the terms of {player} are {type(values).__name__}; return a dict of named scalars, "
            'as {"adversarial": loss}'
        )
    for name, value in values.items():
        if not isinstance(value, Tensor):
            raise UserError(
                f"the term {name} of {player} is {value!r} ({type(value).__name__}), not a tensor, so it has "
                "no gradient; return the tensor itself (without float() or item()), or leave the term out"
            )
        if value.dim() and value.requires_grad:
            raise UserError(
                f"the term {name} of {player} has shape {tuple(value.shape)} and a gradient, but only "
                "scalars are minimized; return its mean(), or detach() it if its rows are only to be "
                "handed back"
            )
    return values
