"""Sets of images that can be evaluated: read from data, or drawn from a pipeline."""

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.component.randomness import fold
from gancore.data import Data
from gancore.errors import MeasureError
from gancore.latent.wanted_label import Wanted, names_of, wanted_label
from gancore.pipeline import Pipeline, check_truncation

CHUNK = 256
"""Images read at a time."""
KEPT = 2**28
"""Bytes of drawn samples that are kept, one per value; beyond this, each score that reads images draws them
again.
"""


class ImageSet(Protocol):
    """Images `(C, H, W)` in [-1, 1] of 256 gray levels, in a fixed order.

    `key` identifies their content for a cache (empty: do not cache), `facts` describe their origin for a
    protocol, `labels` are int64 `(N,)` or float32 `(N, K)` if there are any.
    """

    image: ImageShape
    key: str
    facts: dict[str, Any]

    def __len__(self) -> int: ...

    @property
    def labels(self) -> Tensor | None:
        """int64 `(N,)`, float32 `(N, K)`, or None."""

    def batches(self) -> Iterator[Tensor]:
        """All images in order, some at a time: `(n, C, H, W)` float32."""

    def rows(self, indices: Tensor) -> Tensor:
        """Some images, `(n, C, H, W)` float32; `indices` are int64 and rise."""


class DatasetImages:
    """Images of a data set: all, or `count` of them chosen by `seed`. `entry` is the domain to read, such as
    `target`.

    Raises:
        MeasureError: the data hold fewer images, or no such domain.
    """

    def __init__(self, data: Data, count: int | None = None, *, seed: int = 0, entry: str = "image") -> None:
        if count is not None and count > len(data):
            raise MeasureError(
                f"{count} images requested from {len(data)} ({data.description}); ask for at most {len(data)}"
            )
        self.data, self.entry, self.seed = data, entry, seed
        self.chosen = (
            torch.arange(len(data)) if count in (None, len(data)) else _choose(len(data), count or 0, seed)
        )
        shown = data.rows(np.arange(1))
        if entry not in shown:
            raise MeasureError(
                f"{data.description} holds {', '.join(shown)}, not {entry!r}; name one of these"
            )
        self.image: ImageShape = (shown[entry].shape[1], shown[entry].shape[2], shown[entry].shape[3])
        self.key = (
            f"{data.fingerprint}-{entry}-{len(self.chosen)}-{seed if len(self.chosen) < len(data) else 'all'}"
        )
        self.facts = {
            "source": data.description,
            "fingerprint": data.fingerprint,
            "count": len(self.chosen),
            "image": list(self.image),
        }
        self.facts |= {"of": len(data), "seed": seed} if len(self.chosen) < len(data) else {}

    def __len__(self) -> int:
        return len(self.chosen)

    def first(self, count: int) -> "DatasetImages":
        """At most `count` of the images of the data, chosen as by a new set with the same seed."""
        return DatasetImages(self.data, min(count, len(self.data)), seed=self.seed, entry=self.entry)

    def others(self, count: int) -> "DatasetImages":
        """At most `count` images of the data that are not in this set, chosen by its seed."""
        rest = torch.ones(len(self.data), dtype=torch.bool)
        rest[self.chosen] = False
        left = rest.nonzero()[:, 0]
        return self._part(left[_choose(len(left), min(count, len(left)), self.seed)], "besides")

    def halves(self) -> tuple["DatasetImages", "DatasetImages"]:
        """Every other image, and the rest."""
        return self._part(self.chosen[::2], "even"), self._part(self.chosen[1::2], "odd")

    def _part(self, chosen: Tensor, word: str) -> "DatasetImages":
        found = self.first(len(self))
        found.chosen = chosen
        found.key = f"{self.key}-{word}-{len(chosen)}" if self.key else ""
        found.facts = self.facts | {"count": len(chosen), word: len(self)}
        return found

    @cached_property
    def labels(self) -> Tensor | None:
        """The labels of the data, if any."""
        labels = self.data.labels
        return None if labels is None else torch.from_numpy(np.asarray(labels))[self.chosen]

    def batches(self) -> Iterator[Tensor]:
        """All images in order, some at a time."""
        for part in torch.split(self.chosen, CHUNK):
            yield eight_bit(self.data.rows(part.numpy())[self.entry])

    def rows(self, indices: Tensor) -> Tensor:
        """Some images."""
        return eight_bit(self.data.rows(self.chosen[indices].numpy())[self.entry])


class PipelineSamples:
    """Samples of a pipeline; the same seed gives the same images. One that draws no latents translates or
    reconstructs the images of `source`.

    Raises:
        MeasureError: source images are missing, or the pipeline reads none. UserError: `check_truncation`
        refuses the truncation.
    """

    key = ""

    def __init__(
        self,
        pipeline: Pipeline,
        count: int,
        *,
        seed: int = 0,
        truncation: float = 1.0,
        source: ImageSet | None = None,
        label: Wanted | None = None,
    ) -> None:
        if bool(pipeline.reads) != (source is not None):
            does = "draws latents: leave out" if source else f"{pipeline.product} images: name"
            raise MeasureError(f"{pipeline.generator.qualified_name} {does} the source images")
        check_truncation(pipeline, truncation)
        self.pipeline, self.seed, self.truncation = pipeline, seed, truncation
        self.image = pipeline.generator.image
        if source is not None:
            chosen = torch.arange(min(count, len(source)))
            self.latent = source.rows(chosen)
            labels = source.labels if pipeline.reads_labels else None
            self.labels = None if labels is None else labels[chosen]
        else:
            marks = wanted_label(pipeline, label, count)
            self.latent, self.labels = pipeline.draw(count, seed=seed, label=marks)
        self.facts = {
            "source": pipeline.generator.qualified_name,
            "count": len(self.latent),
            "image": list(self.image),
            "seed": seed,
        }
        self.facts |= {"truncation": truncation} | ({"label": label} if label is not None else {})
        self._kept: list[Tensor] = []

    def __len__(self) -> int:
        return len(self.latent)

    def batches(self) -> Iterator[Tensor]:
        """All samples in order, some at a time."""
        if self._kept:
            yield from (levels / 127.5 - 1 for levels in self._kept)
            return
        drawn, keep = [], len(self) * math.prod(self.image) <= KEPT
        for image in self._made():
            levels = _levels(image)
            keep = keep and bool(levels.isfinite().all())
            drawn += [levels.byte()] if keep else []
            yield levels / 127.5 - 1
        self._kept = drawn if keep else []

    def _made(self) -> Iterator[Tensor]:
        if self.pipeline.product == "draws":
            return self.pipeline.chunks(self.latent, self.labels, seed=self.seed, truncation=self.truncation)
        return self.pipeline.apply(self.latent, self.labels, seed=self.seed)

    def rows(self, indices: Tensor) -> Tensor:
        """Some of the samples, with the same values as among all."""
        wanted, start, found = indices.tolist(), 0, []
        for batch in self.batches():
            found += [batch[i - start] for i in wanted if start <= i < start + len(batch)]
            start += len(batch)
            if len(found) == len(wanted):
                break
        return torch.stack(found) if found else torch.empty(0, *self.image)


def class_names(images: ImageSet) -> tuple[str, ...]:
    """The names of the classes of the images' labels; none where nobody named them."""
    if isinstance(images, PipelineSamples):
        return names_of(images.pipeline)
    return images.data.class_names if isinstance(images, DatasetImages) else ()


def eight_bit(image: Tensor) -> Tensor:
    """Images rounded to the 256 levels of an image file, so samples and files are compared equally; NaN stays
    NaN.
    """
    return _levels(image) / 127.5 - 1


def _levels(image: Tensor) -> Tensor:
    """0 to 255, as floating-point numbers."""
    return (image.clamp(-1, 1) * 127.5 + 127.5).round()


def _choose(size: int, count: int, seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(fold(seed, "choose") % 2**63)
    return torch.randperm(size, generator=rng)[:count].sort().values
