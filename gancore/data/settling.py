"""The size and channels of images that differ, where the user says none."""

from typing import Any, NamedTuple

import attrs

from gancore.data.options import ImageOptions
from gancore.data.source import Source, Unreadable
from gancore.progress import tell


class Measured(NamedTuple):
    """What the header of an image file says: its size, whether it has color, and whether it has alpha."""

    height: int
    width: int
    color: bool
    alpha: bool


def settled(source: Source, options: ImageOptions) -> tuple[ImageOptions, tuple[str, ...]]:
    """The options with the largest square that every image covers, its side a power of two as most networks
    need, and with the richest channels, as far as images differ and the options leave it open; and what was
    chosen, in words.

    Only sources whose images can be measured without reading them are looked at.
    """
    if options.size is not None and options.channels is not None:
        return options, ()
    found = _measured(source)
    changes: dict[str, Any] = {}
    notes = []
    if options.size is None and len({(one.height, one.width) for one in found}) > 1:
        shortest = min(min(one.height, one.width) for one in found)
        side = 1 << (shortest.bit_length() - 1)
        changes["size"] = (side, side)
        notes.append(f"images differ in size, taken: --size {side}x{side}, a power of two that all cover")
    if options.channels is None and len({_channels(one, options) for one in found}) > 1:
        alpha = options.keeps_alpha and any(one.alpha for one in found)
        changes["channels"] = (3 if any(one.color for one in found) else 1) + alpha
        notes.append(f"images differ in channels, taken: --channels {changes['channels']}, the richest")
    return attrs.evolve(options, **changes), tuple(notes)


def _channels(one: Measured, options: ImageOptions) -> int:
    return (3 if one.color else 1) + (one.alpha and options.keeps_alpha)


def _measured(source: Source) -> list[Measured]:
    found = []
    for index in range(len(source)):
        tell(f"measuring the images of {source.title}", index, len(source))
        try:
            one = source.measure(index)
        except Unreadable:
            continue
        if one is None:
            return []
        found.append(Measured(*one))
    return found
