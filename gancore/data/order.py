"""Which image is shown at which position: a pure function of (seed, position)."""

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gancore.errors import DataError

Positions = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
MASK = 2**64 - 1


def mix(words: Words) -> Words:
    """SplitMix64's finalizer (Steele et al. 2014, Fast splittable pseudorandom number generators): the same
    bits everywhere.
    """
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def stream(*numbers: int) -> np.uint64:
    """Combines several integers into one 64-bit key."""
    key = np.zeros(1, dtype=np.uint64)
    for number in numbers:
        key = mix(key + np.uint64(0x9E3779B97F4A7C15) + np.array([number & MASK], dtype=np.uint64))
    return np.uint64(key[0])


def _words(key: np.uint64, counters: Positions) -> Words:
    return mix(mix(counters.astype(np.uint64) + key) ^ key)


class Order:
    """Each epoch of `length` positions is a new permutation of the indices.

    With `mirror`, half of the positions give a mirrored image: its index plus `length`.
    """

    def __init__(self, length: int, seed: int, *, mirror: bool = False, domain: int = 0) -> None:
        self.length, self.seed, self.mirror, self.domain = length, seed, mirror, domain
        self.permutation = lru_cache(maxsize=4)(self.epoch)

    def epoch(self, number: int) -> Positions:
        """The permutation of epoch `number`: the indices sorted by keyed random words."""
        return np.argsort(
            _words(stream(self.seed, self.domain, 1, number), np.arange(self.length)), kind="stable"
        )

    def at(self, positions: Positions) -> Positions:
        """The indices at these positions, counted from 0 over all epochs."""
        epochs, places = np.divmod(np.asarray(positions, dtype=np.int64), self.length)
        if epochs.size and epochs.min() < 0:
            raise DataError(f"position {int(np.min(positions))} is negative; expected positions from 0")
        indices = np.empty_like(places)
        for number in np.unique(epochs):
            here = epochs == number
            indices[here] = self.permutation(int(number))[places[here]]
        return indices + self.length * self.flips(positions) if self.mirror else indices

    def flips(self, positions: Positions) -> Positions:
        """1 if the image at a position is mirrored, else 0."""
        # The top bit: the low bits of a product of odd numbers are the weaker ones.
        return (
            _words(stream(self.seed, self.domain, 2), np.asarray(positions, dtype=np.int64)) >> np.uint64(63)
        ).astype(np.int64)

    def places(self, positions: Positions, which: int) -> Positions:
        """A number in 0 … 2³¹ - 1 for each position, another one for each `which`."""
        words = _words(stream(self.seed, self.domain, 3, which), np.asarray(positions, dtype=np.int64))
        return (words >> np.uint64(33)).astype(np.int64)


class Ordering(Protocol):
    """What says which images are shown when."""

    def at(self, positions: Positions) -> Positions:
        """The indices at these positions."""


class PairedOrders:
    """Two domains, each in its own order: indices (N, 2), with places (N, 2, 3)."""

    def __init__(self, source: Ordering, target: Ordering) -> None:
        self.source, self.target = source, target

    def at(self, positions: Positions) -> Positions:
        """The indices (source, target) at these positions."""
        return np.stack([self.source.at(positions), self.target.at(positions)], axis=1)
