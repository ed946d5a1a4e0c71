"""Closed-form directions from the weights that read a code."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.latent.directions import signed
from gancore.latent.mixing import layers_of

__all__ = ["sefa_directions"]


def sefa_directions(
    weights: Sequence[Tensor], code_shape: Sequence[int], count: int, *, layers: Collection[int] | None = None
) -> Tensor:
    """The `count` unit directions `(count, *code_shape)` that the first affine maps amplify most, in order.

    Paper: Shen & Zhou 2020 (SeFa), arXiv:2007.06600, eqs. 5 to 8: the eigenvectors of AᵀA with the largest
    eigenvalues, where A are the weights from `Generator.code_weights`, stacked over the chosen layers (all by
    default), the only ones that then move. Signs are chosen so that the largest coordinate is positive.
    Difference: columns are not normalized first, which the released code does and the paper does not.

    Raises:
        UserError: fewer dimensions than directions, or an unknown layer.
    """
    total = layers_of(code_shape)
    chosen = sorted(range(total) if layers is None else set(layers)) if total else [0]
    if layers is not None and not (total and chosen and chosen[0] >= 0 and chosen[-1] < total):
        known = f"from 0 to {total - 1}" if total else "none: one code serves the whole image"
        raise UserError(f"layers are {known}; got {', '.join(map(str, layers)) or 'nothing'}")
    stacked = torch.cat([weights[layer] for layer in chosen]).double().cpu()
    if not 1 <= count <= stacked.shape[1]:
        raise UserError(f"from 1 to {stacked.shape[1]} directions can be found here; got {count}")
    _, vectors = torch.linalg.eigh(stacked.t() @ stacked)
    found = signed(vectors.flip(1)[:, :count].t()).float()
    if not total:
        return found.reshape(count, *code_shape)
    moves = torch.zeros(count, *code_shape)
    moves[:, chosen] = found[:, None] / len(chosen) ** 0.5
    return moves
