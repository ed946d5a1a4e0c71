"""Two domains: paired by name, or each in its own order."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from torch import Tensor

from gancore.data.data import Data, Images, Skipped, hold_out, unmirror
from gancore.data.labels import some, stem
from gancore.data.order import Ordering, PairedOrders
from gancore.data.pixels import Indices
from gancore.data.together import together
from gancore.errors import DataError

ALIKE_BUT_FOR: dict[str, Callable[[str], str]] = {
    "upper and lower case": str.casefold,
    "their folders": lambda name: name.rpartition("/")[2],
    "their last word": lambda name: re.sub(r"[ ._-][A-Za-z]+$", "", name),
}
"""What is left of names without what people often let differ."""


class Domains(Data):
    """Rows {"source", "target"}; `image` is the target's shape, the fact "source" the source's."""

    source: Images
    target: Images
    how: str

    def __init__(self, source: Images, target: Images) -> None:
        if source.mirror != target.mirror:
            raise DataError(
                f"mirror is {source.mirror} for the source and {target.mirror} for the target; "
                "expected the same for both"
            )
        self.source, self.target = source, target
        self.image, self.mirror = target.image, source.mirror
        self.skipped: Skipped = tuple(
            (f"{side}: {name}", why) for side, data in self.sides() for name, why in data.skipped
        )

    def sides(self) -> list[tuple[str, Images]]:
        """Both domains with their names."""
        return [("source", self.source), ("target", self.target)]

    def facts(self) -> dict[str, Any]:
        """The target's image, no classes, and the source's image."""
        return {**super().facts(), "source": self.source.image}

    @property
    def description(self) -> str:
        """One line on each domain."""
        return f"{self.how}: source {self.source.description}; target {self.target.description}"

    @property
    def fingerprint(self) -> str:
        """A hash of both domains and how they are combined."""
        return self._hash(self.source.fingerprint, self.target.fingerprint)

    @property
    def older_fingerprint(self) -> str:
        """The same hash of both domains' older ones."""
        return self._hash(self.source.older_fingerprint, self.target.older_fingerprint)

    def _hash(self, source: str, target: str) -> str:
        return hashlib.sha256(f"{self.how} {source} {target}".encode()).hexdigest()


class Aligned(Domains):
    """Pairs: source i belongs to target i; mirrored and cropped together."""

    how = "paired"

    def __len__(self) -> int:
        return len(self.source)

    def order(self, seed: int) -> Ordering:
        """That of the targets, for both."""
        return self.target.order(seed)

    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """Pairs at `indices`."""
        return {side: data.rows(indices)["image"] for side, data in self.sides()}

    def split(self, held_out: int, seed: int = 0) -> tuple[Self, Self]:
        """The pairs without `held_out` of them, and the held-out ones."""
        rest, out = hold_out(self.source.stems, held_out, seed)
        return self.select(rest), self.select(out)

    def select(self, indices: Indices) -> Self:
        """Only these pairs, in this order."""
        return type(self)(self.source.select(indices), self.target.select(indices))


class Paired(Aligned):
    """Images of two domains matched by file name without suffix; mirrored together.

    An image whose partner was skipped as unreadable is skipped too.

    Raises:
        DataError: a name has no partner or is not unique.
    """

    def __init__(self, source: Images, target: Images) -> None:
        stems = matched(source, target)
        super().__init__(*together(_chosen(source, stems), _chosen(target, stems)))
        self.skipped += tuple(
            (f"{side}: {name}", "its partner was skipped")
            for side, name in _widowed(source, target, set(stems))
        )


def matched(source: Images, target: Images) -> list[str]:
    """The stems that occur in both, sorted."""
    known = []
    for side, data in (("source", source), ("target", target)):
        if len(set(data.stems)) != len(data):
            twice = sorted(name for name in set(data.stems) if data.stems.count(name) > 1)
            raise DataError(
                f"{side} has several images named {some(twice)}; pairs are matched by name without suffix; "
                "rename them"
            )
        known.append(set(data.stems))
    lost = [{stem(name) for name, _ in data.skipped} for data in (source, target)]
    alone = [sorted(known[0] - known[1] - lost[1]), sorted(known[1] - known[0] - lost[0])]
    both = sorted(known[0] & known[1])
    if alone[0] or alone[1] or not both:
        raise DataError(
            f"source and target do not pair: {_several(alone[0], 'source')} without a target, "
            f"{_several(alone[1], 'target')} without a source, {len(both)} match{_nearly(*alone)}; "
            "name partners alike, or use them unpaired"
        )
    return both


def _several(names: Sequence[str], side: str) -> str:
    """How many there are, with the first names."""
    named = f" ({some(names)})" if names else ""
    return f"{len(names) or 'no'} {side}{'s' * (len(names) != 1)}{named}"


def _nearly(sources: Sequence[str], targets: Sequence[str]) -> str:
    """In what alone the names differ, if it is one of the usual things."""
    for ignored, plain in ALIKE_BUT_FOR.items():
        if {plain(name) for name in sources} & {plain(name) for name in targets}:
            return f"; some differ in {ignored} alone"
    return ""


def _chosen(data: Images, stems: Sequence[str]) -> Images:
    place = {name: index for index, name in enumerate(data.stems)}
    return data.select(np.array([place[name] for name in stems], dtype=np.int64))


def _widowed(source: Images, target: Images, both: set[str]) -> list[tuple[str, str]]:
    return [
        (side, name)
        for side, data in (("source", source), ("target", target))
        for name, key in zip(data.names, data.stems, strict=True)
        if key not in both
    ]


class Unpaired(Domains):
    """Images of two domains, each in its own permutations; an epoch is as long as the longer domain."""

    how = "unpaired"
    paired = False

    def __init__(self, source: Images, target: Images) -> None:
        if source.pixels.placed != target.pixels.placed:
            raise DataError(
                "pieces are shown of one of two domains alone; open both with the same --fit and --jitter"
            )
        super().__init__(source, target)

    def __len__(self) -> int:
        return max(len(self.source), len(self.target))

    def order(self, seed: int) -> PairedOrders:
        """Indices (N, 2) at every position, or where pieces are shown (N, 2, 3), with their places."""
        return PairedOrders(self.source.order(seed, 0), self.target.order(seed, 1))

    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """Sources and targets at indices of the order; N plain indices are used for both domains, wrapping
        around in the shorter one.
        """
        array: Indices = np.asarray(indices, dtype=np.int64)
        if array.ndim < 2:
            plain, mirrored = unmirror(array, len(self))
            array = np.stack([plain % len(data) + len(data) * mirrored for _, data in self.sides()], axis=1)
        return {
            side: data.rows(array[:, column])["image"] for column, (side, data) in enumerate(self.sides())
        }

    def split(self, held_out: int, seed: int = 0) -> tuple["Unpaired", "Unpaired"]:
        """The pairs without `held_out` of them, and the held-out ones."""
        source_rest, source_out = self.source.split(held_out, seed)
        target_rest, target_out = self.target.split(held_out, seed)
        return Unpaired(source_rest, target_rest), Unpaired(source_out, target_out)
