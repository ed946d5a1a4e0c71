"""Pairs from one source: the halves of images side by side, or images and what is made of them."""

from functools import partial
from typing import Any, cast

from gancore.data.arrays import ArraySource
from gancore.data.data import Images
from gancore.data.domains import Aligned
from gancore.data.halves import Half, Side
from gancore.data.made import MadePixels
from gancore.data.opening import assemble, changed, find, open_data
from gancore.data.options import HALVES, SOURCE_FROM, ImageOptions
from gancore.data.packing import Progress
from gancore.errors import DataError
from gancore.progress import tell


def open_pairs(
    source: Any,
    source_from: str,
    options: ImageOptions | None = None,
    *,
    on_progress: Progress | None = None,
    **changes: Any,
) -> Aligned:
    """Pairs of each image of one source, which is opened as by `open_data`, without its labels.

    `source_from` says what the source of a pair is. With "left" or "right" it is that half of an image, and
    the target is the other half. Otherwise the target is the image, and the source is made of it: "gray"
    (ITU-R 601), "edges" (gray's range in each 3×3 neighborhood, white on black), or "smaller-2", "smaller-3"
    and "smaller-4" (bicubic with antialiasing, by that factor).

    Raises:
        DataError: as `open_data`; `source_from` is unknown, or does not go with such images.
    """
    if source_from not in SOURCE_FROM:
        raise DataError(f"source_from is {source_from!r}; expected one of {', '.join(SOURCE_FROM)}")
    options = changed(options or ImageOptions(), {**changes, "labels": "none"})
    if source_from in HALVES:
        return _halves(source, cast(Side, source_from), options, on_progress)
    return made_pairs(open_data(source, options, on_progress=on_progress), source_from)


def made_pairs(images: Images, how: str) -> Aligned:
    """Images as targets, with sources made of them."""
    made = Images(
        MadePixels(images.pixels, how),
        images.names,
        labels=None,
        skipped=(),
        mirror=images.mirror,
        origin=f"{how} of these",
        older=lambda: f"{how} of {images.older()}",
        chosen=images.chosen,
    )
    return Aligned(made, images)


def _halves(source: Any, side: Side, options: ImageOptions, on_progress: Progress | None) -> Aligned:
    whole, _ = find(source, options)
    if isinstance(whole, ArraySource):
        whole.refuse_single()
    other: Side = "right" if side == "left" else "left"
    try:
        one, two = (_half(Half(whole, which), options, on_progress) for which in (side, other))
    finally:
        whole.close()
    return Aligned(one, two)


def _half(half: Half, options: ImageOptions, on_progress: Progress | None) -> Images:
    told = on_progress or partial(tell, f"reading the {half.title}")
    return assemble(half, lambda: None, options, None, told)
