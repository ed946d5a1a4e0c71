"""Style mixing: some layers read one code, the others another."""

from collections.abc import Collection

import torch
from torch import Tensor

from gancore.errors import UserError
from gancore.pipeline import layers_of

__all__ = ["BANDS", "band_of", "layers_of", "mix", "mixing_table"]

BANDS = ("coarse", "middle", "fine")
"""The thirds of a generator's layers, from the smallest feature maps to the largest."""


def band_of(name: str, layers: int) -> range:
    """The `coarse`, `middle` or `fine` layers out of so many: a third each, rounded.

    The paper's split of 18 layers into 4, 4 and 10 follows its resolutions, which a code does not reveal.
    """
    third = BANDS.index(name)
    return range(round(layers * third / 3), round(layers * (third + 1) / 3))


def mix(code: Tensor, other: Tensor, layers: Collection[int]) -> Tensor:
    """Codes `(…, L, W)` with the given layers from `other` and the rest from `code`.

    Paper: Karras et al. 2018 (StyleGAN), arXiv:1812.04948, section 3.1 and fig. 3: coarse layers carry pose
    and shape, fine ones color.

    Raises:
        UserError: the codes have no layers, differ in shape, or a layer is out of range.
    """
    if code.shape != other.shape:
        raise UserError(
            f"codes must have the same shape to be mixed; got {tuple(code.shape)} and {tuple(other.shape)}"
        )
    total = layers_of(code.shape[-2:]) if code.ndim >= 2 else 0
    if total == 0:
        raise UserError(
            "styles can be mixed only if each layer reads its own code, (L, W); this code is "
            f"{tuple(code.shape)}"
        )
    wrong = sorted(layer for layer in layers if not 0 <= layer < total)
    if wrong:
        raise UserError(f"layer {wrong[0]} is out of range; give numbers from 0 to {total - 1}")
    taken = torch.tensor([layer in layers for layer in range(total)], device=code.device)[:, None]
    return torch.where(taken, other, code)


def mixing_table(rows: Tensor, columns: Tensor, layers: Collection[int]) -> Tensor:
    """Every code of `rows` `(R, L, W)` with the given layers of every one of `columns` `(K, L, W)`: `(R, K,
    L, W)`. Raises like `mix`.
    """
    shape = (len(rows), len(columns), *rows.shape[1:])
    return mix(rows[:, None].expand(shape), columns[None].expand(shape), layers)
