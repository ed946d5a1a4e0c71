"""Who a part belongs to, which decides what its weights follow from and who may make them.

A part made in another's `build` belongs to that build: its weights follow from the other's seed and path. A
part in a seat belongs to the holder that first told it its facts; in every further seat it is the same part,
with the same layers.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from gancore.component.randomness import fold, seeded

if TYPE_CHECKING:
    from gancore.component.part import Part


class Place(NamedTuple):
    """What the weights of a part follow from."""

    seed: int
    path: str


_places: ContextVar[Iterator[Place] | None] = ContextVar("places", default=None)


@contextmanager
def making(place: Place) -> Iterator[None]:
    """Inside, layers are drawn from a place, and each part that is made has a place of its own below it."""
    inner = (Place(place.seed, f"{place.path}.build.{i}".lstrip(".")) for i in count())
    token = _places.set(inner)
    try:
        with seeded(fold(*place)):
            yield
    finally:
        _places.reset(token)


def next_place() -> Place:
    """The place of a part that is made now: below the part whose `build` runs, or else the root."""
    places = _places.get()
    return Place(0, "") if places is None else next(places)


def in_build() -> bool:
    """Whether the `build` of a part runs."""
    return _places.get() is not None


class Owner(NamedTuple):
    """The seat that a part belongs to: its holder's identity, and the path of the seat in it."""

    holder: object
    seat: str


def claim(holder: "Part", seat: str, child: "Part") -> bool:
    """Whether the part belongs to this seat of the holder; the first that asks gets it."""
    mine = Owner(holder._token, seat)
    if child._owner is None:
        child._owner = mine
    return child._owner == mine
