"""Data with further entries that follow from its own."""

import hashlib
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from gancore.data.data import Data
from gancore.data.labels import LabelArray
from gancore.data.order import Ordering
from gancore.data.pixels import Indices
from gancore.pipeline import Pipeline

Derive = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]


class Derived(Data):
    """The rows of `data`, and what `derive` makes of them; `how` says in the fingerprint how it does."""

    def __init__(self, data: Data, derive: Derive, how: str) -> None:
        self.data, self.derive, self.how = data, derive, how
        self.image, self.classes, self.class_names = data.image, data.classes, data.class_names
        self.skipped, self.mirror, self.paired = data.skipped, data.mirror, data.paired

    def __len__(self) -> int:
        return len(self.data)

    @property
    def labels(self) -> LabelArray | None:
        """Those of the data."""
        return self.data.labels

    @property
    def description(self) -> str:
        """That of the data."""
        return self.data.description

    @property
    def fingerprint(self) -> str:
        """A hash of the data and of what is derived."""
        return hashlib.sha256(f"{self.data.fingerprint} {self.how}".encode()).hexdigest()

    @property
    def older_fingerprint(self) -> str:
        """The same hash of the data's older one."""
        return hashlib.sha256(f"{self.data.older_fingerprint} {self.how}".encode()).hexdigest()

    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """The rows of the data with the derived entries."""
        rows = self.data.rows(indices)
        with torch.no_grad():
            return {**rows, **self.derive(rows)}

    def split(self, held_out: int, seed: int = 0) -> tuple["Derived", "Derived"]:
        """As the data are split."""
        rest, out = self.data.split(held_out, seed)
        return Derived(rest, self.derive, self.how), Derived(out, self.derive, self.how)

    def order(self, seed: int) -> Ordering:
        """That of the data."""
        return self.data.order(seed)

    @property
    def pictures(self) -> Data:
        """These, or those of the data, where they are others."""
        return self if self.data.pictures is self.data else self.data.pictures

    def decoded(self, pipeline: Pipeline) -> Pipeline:
        """As the data decode it."""
        return self.data.decoded(pipeline)
