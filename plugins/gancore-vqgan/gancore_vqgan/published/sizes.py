"""The sizes of released networks, inferred from their weights."""

import re
from collections.abc import Mapping
from typing import Any

import attrs
from torch import Tensor

from gancore.component.interfaces import ImageShape, Shape
from gancore.errors import CheckpointError

__all__ = ["Sizes", "resolution_of", "sizes_of"]

USUAL = 256
"""The side of the images that all released networks were trained on; the weights do not say it."""


@attrs.frozen
class Sizes:
    """The sizes of an encoder and a decoder.

    Attributes:
        options: those of both networks.
        attends: the levels with attention, full size first.
        reads, makes: channels of the images that the encoder reads and the decoder makes.
        resolution: side of the images.
        vector: length of a vector of the code map.
    """

    options: Mapping[str, Any]
    attends: tuple[bool, ...]
    reads: int
    makes: int
    resolution: int
    vector: int

    @property
    def code_shape(self) -> Shape:
        """The shape of one code map."""
        side = self.resolution >> (len(self.attends) - 1)
        return self.vector, side, side

    def image(self, channels: int) -> ImageShape:
        """The shape of one image."""
        return channels, self.resolution, self.resolution


def sizes_of(found: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Sizes:
    """The sizes of both networks. Raises CheckpointError if a layer is missing that says one of them."""
    width, reads = found["encoder.conv_in.weight"].shape[:2]
    levels = _count(found, r"encoder\.down\.(\d+)\.block\.0\.conv1\.weight")
    blocks = _count(found, r"encoder\.down\.0\.block\.(\d+)\.conv1\.weight")
    if not levels or not blocks:
        raise CheckpointError("the encoder has no residual blocks; the file is damaged")
    widths = [found[f"encoder.down.{i}.block.0.conv1.weight"].shape[0] for i in range(levels)]
    if any(wide % width for wide in widths):
        raise CheckpointError(f"the maps of the encoder have {widths} channels, no multiples of {width}")
    attends = tuple(f"encoder.down.{i}.attn.0.norm.weight" in found for i in range(levels))
    side = resolution_of(settings)
    options = {
        "width": width,
        "multipliers": tuple(wide // width for wide in widths),
        "blocks": blocks,
        "attention": tuple(side >> i for i in range(levels) if attends[i]),
        "channels": found["encoder.conv_out.weight"].shape[0],
    }
    makes, vector = found["decoder.conv_out.weight"].shape[0], found["quant_conv.weight"].shape[0]
    return Sizes(options, attends, reads, makes, side, vector)


def resolution_of(settings: Mapping[str, Any]) -> int:
    """The side of the images in the settings, or else the usual one."""
    inner = settings.get("ddconfig", settings)
    told = inner.get("resolution") if isinstance(inner, Mapping) else None
    return told if isinstance(told, int) and told > 0 else USUAL


def _count(found: Mapping[str, Tensor], pattern: str) -> int:
    """How many numbers from 0 on stand in the names."""
    numbers = {int(match[1]) for name in found if (match := re.fullmatch(pattern, name))}
    return next(i for i in range(len(numbers) + 1) if i not in numbers)
