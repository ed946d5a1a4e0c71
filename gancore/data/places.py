"""Where pieces of images lie: numbers of an order, scaled to the room that an image leaves."""

import numpy as np

from gancore.data.options import Size
from gancore.data.order import Order, Positions
from gancore.data.pixels import Indices

PLACES = 2**31
"""A place is a number below this, which is scaled to the room that an image leaves."""


class PlacedOrder:
    """An order with the place of each piece, a pure function of (seed, position)."""

    def __init__(self, order: Order) -> None:
        self.order = order

    def at(self, positions: Positions) -> Positions:
        """(N, 3) at these positions: index, down, right."""
        places = (self.order.places(positions, which) for which in (0, 1))
        return np.stack([self.order.at(positions), *places], axis=1)


def middle(count: int) -> Indices:
    """The places (N, 2) of pieces in the center."""
    return np.full((count, 2), PLACES // 2)


def corner(place: Indices, whole: tuple[int, ...], piece: Size, step: int = 1) -> tuple[int, int]:
    """Top and left of a piece at a place (2,), multiples of `step`: a piece of an image that is `step` times
    smaller, itself as much smaller, lies at the same place.
    """
    room = [(full - part) // step + 1 for full, part in zip(whole, piece, strict=True)]
    top, left = (int(at) * free // PLACES * step for at, free in zip(place, room, strict=True))
    return top, left
