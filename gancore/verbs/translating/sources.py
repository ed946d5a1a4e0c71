"""Pictures of which the translator is given something else: a half, or what is made of them."""

from collections.abc import Sequence

import numpy as np
import torch

from gancore.data import ImageOptions
from gancore.data.fitting import fit_image
from gancore.data.halves import half_of
from gancore.data.made import MAKE
from gancore.data.options import FACTORS, HALVES, SOURCE_FROM
from gancore.data.rows import Rows, WholeRows, whole
from gancore.data.source import Array, Raw
from gancore.data.strips import by_strips
from gancore.errors import DataError, UserError
from gancore.pipeline import Pipeline

AROUND = 4
"""Rows of what is made, above and below, whose pixels a row of it may follow from."""


def check_source_from(pipeline: Pipeline, how: str) -> None:
    """Raises UserError if there is no such way, or the translator reads something else than it makes."""
    if how not in SOURCE_FROM:
        raise UserError(f"--source-from is {how!r}; give one of {', '.join(SOURCE_FROM)}")
    channels = pipeline.reads_shape[0]
    if how in ("gray", "edges") and channels != 1:
        raise UserError(
            f"{pipeline.generator.qualified_name} reads images of {channels} channels, but {how} makes 1; "
            "give the --source-from of its training"
        )


class HalfRows:
    """The left or right half of a picture, row by row. Raises Unreadable if its width is odd."""

    def __init__(self, rows: Rows, side: str) -> None:
        self.rows, self.width = rows, half_of(rows.width)
        self.start = 0 if side == "left" else self.width
        self.height, self.channels, self.alpha = rows.height, rows.channels, rows.alpha
        self.bits, self.profile = rows.bits, rows.profile

    def take(self, count: int) -> Array:
        """The next rows."""
        return self.rows.take(count)[:, self.start : self.start + self.width]


def before_fit(rows: Rows, how: str | None) -> Rows:
    """What the translator's size is asked of: a half, or the picture itself."""
    return HalfRows(rows, how) if how in HALVES else rows


def after_fit(rows: Rows, how: str | None) -> Rows:
    """What the translator is given, with 8 bits where it is made. A gray one is made of colors anyway, and
    keeps 16.

    Raises:
        DataError: the sides are no multiples of the factor. Unreadable: more than 89 million pixels.
    """
    if how is None or how == "gray" or how in HALVES:
        return rows
    factor = FACTORS.get(how, 1)
    if rows.height % factor or rows.width % factor:
        raise DataError(
            f"{how} needs sides that are multiples of {factor}, but it is {rows.height}×{rows.width}; "
            "crop or resize it"
        )
    raw = whole(rows)
    channels = fit_image(raw, ImageOptions(bits=8, alpha="keep"), "it")
    made = by_strips(
        lambda start, end: _made(channels, raw.alpha, how, (start, end)),
        rows.height // factor,
        rows.width // factor,
    )
    return WholeRows(Raw(made, raw.alpha), rows.profile)


def _made(channels: Array, alpha: bool, how: str, span: Sequence[int]) -> Array:
    """Some rows `(R, W, C)` of what is made of channels `(C, H, W)`; alpha is kept, or made smaller too."""
    factor, (start, end) = FACTORS.get(how, 1), span
    low = max(0, start - AROUND)
    window = channels[:, low * factor : (end + AROUND) * factor]
    floats = torch.from_numpy(window[None].astype(np.float32)).div_(127.5).sub_(1)
    if alpha and how == "edges":
        made = torch.cat([MAKE[how](floats[:, :-1]), floats[:, -1:]], 1)
    else:
        made = MAKE[how](floats)
    rows = made[0, :, start - low : end - low].permute(1, 2, 0)  # (R, W, C)
    return np.asarray(rows.add(1).mul(127.5).round().numpy(), np.uint8)
