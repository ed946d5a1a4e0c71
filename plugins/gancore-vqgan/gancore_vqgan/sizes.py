"""The sizes that VQGAN's encoder and decoder have in common."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
from torch import nn

from gancore.component.interfaces import ImageShape
from gancore.component.part import field
from gancore.component.validators import as_tuple, sizes, whole
from gancore.errors import FitError
from gancore_vqgan.layers import Attention, ResidualBlock

__all__ = ["Plan", "plan"]


def width_field() -> Any:
    """Channels at full size, for a multiplier of 1."""
    return field(default=128, validator=whole(1), help="channels for a multiplier of 1")


def multipliers_field() -> Any:
    """One number for each size."""
    return field(
        default=(1, 1, 2, 2, 4),
        converter=as_tuple,
        validator=sizes(),
        help="channels of the maps of each size, full size first, as multiples of width; each size is half "
        "of the one before",
    )


def blocks_field() -> Any:
    """The same in both networks."""
    return field(
        default=2, validator=whole(1), help="residual blocks for each size; the decoder has one more"
    )


def attention_field() -> Any:
    """Sides of maps."""
    return field(
        default=(16,),
        converter=as_tuple,
        validator=sizes(none=True),
        help="shorter sides of the maps with attention",
    )


def channels_field() -> Any:
    """The same in both networks."""
    return field(
        default=256, validator=whole(1), help="channels between the network and the vectors of the codes"
    )


def groups_field() -> Any:
    """The same in both networks."""
    return field(default=32, validator=whole(1), help="groups of channels that are normalized together")


@attrs.frozen
class Plan:
    """The sizes of one network, largest map first."""

    widths: tuple[int, ...]
    attends: tuple[bool, ...]
    groups: int

    @property
    def factor(self) -> int:
        """What the sides of the image are divided by."""
        return int(2 ** (len(self.widths) - 1))

    def level(self, number: int, inputs: int, blocks: int) -> Iterator[nn.Module]:
        """The residual blocks of one size, each followed by attention where the maps have it."""
        for _ in range(blocks):
            yield ResidualBlock(inputs, self.widths[number], self.groups)
            inputs = self.widths[number]
            if self.attends[number]:
                yield Attention(inputs, self.groups)

    def middle(self) -> Sequence[nn.Module]:
        """Two residual blocks with attention between them, at the smallest size."""
        width = self.widths[-1]
        first, second = (ResidualBlock(width, width, self.groups) for _ in range(2))
        return first, Attention(width, self.groups), second


def plan(part: Any, image: ImageShape) -> Plan:
    """The plan of a network with the options here.

    Raises:
        FitError: the groups do not divide the channels.
    """
    widths = tuple(part.width * multiplier for multiplier in part.multipliers)
    wrong = [width for width in (part.width, *widths) if width % part.groups]
    if wrong:
        raise FitError(
            f"{part.qualified_name}: {part.groups} groups do not divide {wrong[0]} channels; "
            f"set groups to a divisor of width, which is {part.width}"
        )
    sides = [min(image[1:]) >> i for i in range(len(widths))]
    return Plan(widths, tuple(side in part.attention for side in sides), part.groups)
