"""Images ready for training, and held-out splits."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gancore.data.labels import LabelArray, Labels, alike, some, stem
from gancore.data.order import Order, Ordering
from gancore.data.pixels import AnyPixels, Indices
from gancore.data.places import PlacedOrder
from gancore.errors import DataError
from gancore.pipeline import Pipeline

Image = tuple[int, int, int]
Skipped = tuple[tuple[str, str], ...]


class Data(ABC):
    """The training data of a recipe: `rows` by index, in the order given by `order`.

    `image` is (C, H, W), `classes` the number of classes (0 for none), `skipped` the (name, reason) of every
    skipped image, `description` one line about the origin and processing of the images, `fingerprint` a hash
    of images and labels.
    """

    image: Image
    classes: int = 0
    class_names: tuple[str, ...] = ()
    skipped: Skipped = ()
    mirror: bool = False
    paired: bool = True
    """Whether the entries of one row belong together."""

    @abstractmethod
    def __len__(self) -> int: ...

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.description}>"

    @property
    def labels(self) -> LabelArray | None:
        """int64 (N,) in 0 … K-1, float32 (N, K), or None if there are no labels."""
        return None

    @property
    def label_shape(self) -> tuple[int, ...]:
        """The shape of one label: `()` for a class, `(K,)` for a row of numbers; `()` without labels."""
        return () if self.labels is None else tuple(int(size) for size in self.labels.shape[1:])

    @property
    @abstractmethod
    def description(self) -> str:
        """One line: origin, number, processing."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of the images as they are trained on, and of their labels, wherever they come from."""

    @property
    def older_fingerprint(self) -> str:
        """The fingerprint by which earlier versions knew the data."""
        return self.fingerprint

    @abstractmethod
    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """The images at `indices`, float32 in [-1, 1]; index i + len means image i mirrored.

        Raises:
            DataError: an index is out of range.
        """

    @abstractmethod
    def split(self, held_out: int, seed: int = 0) -> tuple["Data", "Data"]:
        """The data without `held_out` images, and the held-out images.

        The choice depends only on (seed, name without suffix), so two domains with the same names hold out
        the same images.

        Raises:
            DataError: `held_out` is not between 1 and one less than the number of images.
        """

    def order(self, seed: int) -> Ordering:
        """The index at every position of a training, a pure function of (seed, position)."""
        return Order(len(self), seed, mirror=self.mirror)

    @property
    def pictures(self) -> "Data":
        """The images that people look at and scores compare: these, or those that were encoded."""
        return self

    def decoded(self, pipeline: Pipeline) -> Pipeline:
        """The pipeline of images that follows from one that was trained on these rows: itself, or one that
        decodes.
        """
        return pipeline

    def facts(self) -> dict[str, Any]:
        """What the data tell a recipe: the image's shape, the number of classes, and the shape of a label."""
        return {"image": self.image, "classes": self.classes, "label_shape": self.label_shape}


class Images(Data):
    """Images of one domain: rows {"image": (N, C, H, W)} and, if there are labels, {"label": int64 (N,) or
    float32 (N, K)}.
    """

    def __init__(
        self,
        pixels: AnyPixels,
        names: Sequence[str],
        *,
        labels: Labels | None,
        skipped: Skipped,
        mirror: bool,
        origin: str,
        older: Callable[[], str],
        chosen: Indices | None = None,
    ) -> None:
        self.pixels, self.names, self.all_labels, self.skipped, self.mirror = (
            pixels,
            list(names),
            labels,
            skipped,
            mirror,
        )
        self.origin, self.older, self.chosen = origin, older, chosen
        self.image = pixels.image
        self.class_names = labels.class_names if labels else ()
        self.classes = len(self.class_names)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def labels(self) -> LabelArray | None:
        """int64 (N,), float32 (N, K), or None."""
        return self.all_labels.values if self.all_labels else None

    @property
    def stems(self) -> list[str]:
        """The names without suffix."""
        return [stem(alike(name)) for name in self.names]

    @property
    def description(self) -> str:
        """One line: origin, number, processing."""
        numbers = f", labels of {self.classes} numbers" if self.label_shape else ""
        classes = numbers or (f", {self.classes} classes{self._named()}" if self.classes else "")
        notes = [f"{len(self.skipped)} skipped"] if self.skipped else []
        notes += ["mirrored at random"] if self.mirror else []
        shape = "×".join(str(size) for size in self.image)
        return ", ".join([f"{self.origin}: {len(self)} images {shape}, {self.pixels.depth}{classes}", *notes])

    def _named(self) -> str:
        """The names of the classes, and of those without an image."""
        assert self.labels is not None
        held = np.bincount(self.labels.astype(np.int64), minlength=self.classes)
        empty = [self.class_names[number] for number in np.flatnonzero(held == 0)[:4]]
        told = [] if self.class_names[0] == "0" else [some(self.class_names)]
        told += [f"no image of class {some(empty)}"] if empty else []
        return f" ({'; '.join(told)})" if told else ""

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the decoded images and their labels."""
        return self._hash(self.pixels.identity)

    @property
    def older_fingerprint(self) -> str:
        """A hash of the files and options, which earlier versions took."""
        return self._hash(self.older())

    def _hash(self, content: str) -> str:
        total = hashlib.sha256(content.encode())
        total.update(str((self.image, self.mirror, self.class_names)).encode())
        for array in (self.labels, self.chosen):
            total.update(b"none" if array is None else array.tobytes())
        return total.hexdigest()

    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """The images at `indices`, with their labels if there are any; rows (index, down, right) of a
        `PlacedOrder` name a piece as well, otherwise it is a crop's center, or the whole image.
        """
        array = np.asarray(indices, dtype=np.int64)
        placed = self.pixels.placed and array.ndim == 2 and array.shape[1] == 3
        column, places = (array[:, 0], array[:, 1:]) if placed else (array, None)
        indices, mirrored = unmirror(column, len(self))
        chosen = indices if self.chosen is None else self.chosen[indices]
        batch = {"image": self.pixels.gather(chosen, mirrored, places)}
        if self.labels is not None:
            batch["label"] = torch.from_numpy(self.labels[indices])
        return batch

    def order(self, seed: int, domain: int = 0) -> Ordering:
        """As of all data, another one for each domain; with random pieces also the place of each."""
        order = Order(len(self), seed, mirror=self.mirror, domain=domain)
        return PlacedOrder(order) if self.pixels.placed else order

    def select(self, indices: Indices) -> "Images":
        """Only these images, in this order."""
        labels = self.all_labels.take(indices) if self.all_labels else None
        chosen = indices if self.chosen is None else self.chosen[indices]
        return self._with(self.pixels, [self.names[index] for index in indices], labels, chosen)

    def showing(self, pixels: AnyPixels) -> "Images":
        """These images as other pixels show them."""
        return self._with(pixels, self.names, self.all_labels, self.chosen)

    def _with(
        self, pixels: AnyPixels, names: Sequence[str], labels: Labels | None, chosen: Indices | None
    ) -> "Images":
        return Images(
            pixels,
            names,
            labels=labels,
            skipped=self.skipped,
            mirror=self.mirror,
            origin=self.origin,
            older=self.older,
            chosen=chosen,
        )

    def split(self, held_out: int, seed: int = 0) -> tuple["Images", "Images"]:
        """The images without `held_out` of them, and the held-out ones."""
        rest, out = hold_out(self.stems, held_out, seed)
        return self.select(rest), self.select(out)


def unmirror(indices: Any, length: int) -> tuple[Indices, "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"]:
    """Indices from 0 to 2 · length - 1 → the indices of the images, and which are mirrored."""
    array: Indices = np.atleast_1d(np.asarray(indices, dtype=np.int64))
    if array.ndim != 1 or np.any((array < 0) | (array >= 2 * length)):
        raise DataError(
            f"indices {array.tolist()!s:.60} do not fit data of {length}; "
            f"expected a row of numbers from 0 to {length - 1}"
        )
    mirrored = array >= length
    return array - length * mirrored, mirrored


def hold_out(stems: Sequence[str], count: int, seed: int) -> tuple[Indices, Indices]:
    """The indices of the rest and of the `count` names with the smallest keyed hashes, each in order."""
    if not 0 < count < len(stems):
        raise DataError(f"{count} images to hold out of {len(stems)}; expected from 1 to {len(stems) - 1}")
    ranks = sorted(
        range(len(stems)),
        key=lambda index: hashlib.sha256(
            f"{seed}:{stems[index]}".encode("utf-8", "surrogateescape")
        ).digest(),
    )
    return np.array(sorted(ranks[count:]), dtype=np.int64), np.array(sorted(ranks[:count]), dtype=np.int64)
