"""Pairs of which pieces are shown: the same piece of both images, also where the source is smaller."""

from collections.abc import Sequence

import attrs

from gancore.data.crops import CropPixels
from gancore.data.data import Images
from gancore.data.jitter import JitterPixels
from gancore.errors import DataError

Sides = Sequence[int]


def together(source: Images, target: Images) -> tuple[Images, Images]:
    """Sources and targets, in the same order, of which each row shows the same piece; those that are shown
    whole as they are.

    Raises:
        DataError: pieces are shown of one domain alone; a source is not smaller than its target by a whole
        factor, the same for all.
    """
    one, other = source.pixels, target.pixels
    if not (one.placed or other.placed):
        return source, target
    if isinstance(one, JitterPixels) and isinstance(other, JitterPixels):
        factor = whole_factor(source.image[1:], target.image[1:], "the images")
        height, width = (factor * side for side in one.larger)
        return source, target.showing(attrs.evolve(other, larger=(height, width), step=factor))
    if isinstance(one, CropPixels) and isinstance(other, CropPixels):
        return _crops(source, one, target, other)
    raise DataError(
        "pieces are shown of one of two domains alone; open both with the same --fit and --jitter"
    )


def _crops(source: Images, one: CropPixels, target: Images, other: CropPixels) -> tuple[Images, Images]:
    factor = _common_factor(source, one, target, other)
    height, width = other.size
    if height % factor or width % factor:
        raise DataError(
            f"crops of {height}×{width} have none {factor} times smaller at the same place; give --size "
            f"{max(1, height // factor) * factor}x{max(1, width // factor) * factor}"
        )
    smaller = attrs.evolve(one, size=(height // factor, width // factor))
    return source.showing(smaller), target.showing(attrs.evolve(other, step=factor))


def _common_factor(source: Images, one: CropPixels, target: Images, other: CropPixels) -> int:
    found: dict[int, str] = {}
    for name, small, large in zip(source.names, _shapes(source, one), _shapes(target, other), strict=True):
        found.setdefault(whole_factor(small, large, name), name)
    if len(found) > 1:
        told = " and ".join(f"{factor} times that of {name}" for factor, name in list(found.items())[:2])
        raise DataError(f"targets are {told}; expected the same factor for all")
    return next(iter(found), 1)


def _shapes(data: Images, pixels: CropPixels) -> list[Sides]:
    chosen = range(len(data)) if data.chosen is None else data.chosen
    return [pixels.images[index].shape[1:] for index in chosen]


def whole_factor(source: Sides, target: Sides, name: str) -> int:
    """How many times the target's sides are those of the source. Raises DataError if it is no whole number,
    or not the same for both sides.
    """
    factor = max(1, target[0] // source[0])
    if [factor * side for side in source] != list(target):
        shapes = ["×".join(map(str, sides)) for sides in (source, target)]
        raise DataError(
            f"{name}: the source is {shapes[0]} and the target {shapes[1]}; pieces of both need targets "
            "larger by a whole factor, and at least as large as a crop; mend them, or give --size with --fit "
            "crop, pad or stretch"
        )
    return factor
