"""Edits: images of latents or codes moved along a direction."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.codes import codes_of, has_codes
from gancore.latent.direction_file import DirectionSet
from gancore.latent.mixing import layers_of, mix
from gancore.pipeline import Pipeline

__all__ = ["edited_code", "edited_latent"]


def edited_latent(
    pipeline: Pipeline,
    directions: DirectionSet,
    index: int,
    amounts: Sequence[float],
    latent: Tensor,
    label: Tensor | None = None,
    *,
    layers: Collection[int] | None = None,
    truncation: float = 1.0,
) -> Tensor:
    """Codes `(K, *code_shape)` of one latent `(1, …)` moved by `amounts` deviations; in w, the code moves
    after truncation.

    `layers` are the layers of the code that move; the others keep the original code.

    Raises:
        UserError: the directions belong to another pipeline, or there is no such direction or layer.
    """
    directions.check(pipeline)
    code = codes_of(pipeline, latent, label, truncation=truncation)
    if directions.space == "w":
        return edited_code(pipeline, directions, index, amounts, code, layers=layers)
    moved = torch.cat([latent + directions.move(index, amount) for amount in amounts])
    labels = None if label is None else label.expand(len(moved), *label.shape[1:])
    return _only(layers, code, codes_of(pipeline, moved, labels, truncation=truncation))


def edited_code(
    pipeline: Pipeline,
    directions: DirectionSet,
    index: int,
    amounts: Sequence[float],
    code: Tensor,
    *,
    layers: Collection[int] | None = None,
) -> Tensor:
    """The same for a code `(1, *code_shape)`, such as that of a projected image. Raises like `edited_latent`,
    and if the directions move latents.
    """
    directions.check(pipeline)
    if directions.space == "z" and has_codes(pipeline):
        raise UserError(
            "these directions move latents, and a code alone has none; "
            "find directions in w, or start from seeds"
        )
    return _only(layers, code, torch.cat([code + directions.move(index, amount) for amount in amounts]))


def _only(layers: Collection[int] | None, code: Tensor, moved: Tensor) -> Tensor:
    if layers is None:
        return moved
    if not layers_of(code.shape[1:]):
        raise UserError(
            "layers can be moved separately only if each reads its own code, (L, W); this code "
            "is {tuple(code.shape[1:])}: omit the layers"
        )
    return mix(code.expand_as(moved), moved, layers)
