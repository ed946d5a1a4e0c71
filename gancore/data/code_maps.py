"""The codes that a first stage gives to images, as the images of a second stage."""

from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gancore.data import cache
from gancore.data.data import Data, Images, hold_out, unmirror
from gancore.data.first_stage import FirstStage
from gancore.data.labels import LabelArray
from gancore.data.packing import Pack
from gancore.data.pixels import Indices
from gancore.data.source import Array
from gancore.errors import DataError
from gancore.pipeline import Pipeline
from gancore.progress import tell
from gancore.standard.decoded import Decoded

CHUNK = 256
"""Images encoded, and codes summed, at a time."""
SPAN = 3.0
"""Standard deviations at which a scaled code is 1: generators that end in tanh reach nearly all codes."""


class Scale(NamedTuple):
    """The mean of each channel, and the deviation from it that becomes 1; `(D, 1, 1)` float32."""

    mean: Tensor
    deviation: Tensor


class CodeMaps(Data):
    """Rows {"image": scaled codes (N, D, h, w), "label": …}: the images of a second stage.

    `codes` are those of all images that were encoded, and of all of them mirrored if the data are mirrored;
    `chosen` are the numbers of these images among them. Each channel is scaled to mean 0 and standard
    deviation 1/3. The scale is that of these rows, unless one is given.

    Raises:
        DataError: a mirrored row is asked for, and the data are not mirrored.
    """

    def __init__(
        self,
        images: Images,
        stage: FirstStage,
        codes: Array,
        *,
        chosen: Indices | None = None,
        scale: Scale | None = None,
    ) -> None:
        self.images, self.stage, self.codes = images, stage, codes
        self.chosen = np.arange(len(images), dtype=np.int64) if chosen is None else chosen
        self.given_scale = scale
        self.image, self.mirror = stage.code, images.mirror
        self.classes, self.class_names, self.skipped = images.classes, images.class_names, images.skipped

    def __len__(self) -> int:
        return len(self.images)

    @property
    def labels(self) -> LabelArray | None:
        """Those of the images."""
        return self.images.labels

    @property
    def description(self) -> str:
        """One line: the images, the shape of the codes, and where they are from."""
        shape = "×".join(map(str, self.image))
        return f"{self.images.description}, as codes {shape} of {self.stage.title}"

    @property
    def fingerprint(self) -> str:
        """A hash of the images and of the first stage."""
        return cache.entry_key(self.images.fingerprint, {"first_stage": self.stage.sha256})

    @cached_property
    def scale(self) -> Scale:
        """How codes are scaled: c = mean + deviation · x."""
        return self.given_scale or scale_of(self.codes, self._places())

    def rows(self, indices: Indices) -> dict[str, Tensor]:
        """The scaled codes at `indices`, with their labels if there are any."""
        numbers, mirrored = unmirror(indices, len(self))
        if mirrored.any() and not self.mirror:
            raise DataError(f"the mirrored images of {self.description} were not encoded")
        half = len(self.codes) // 2 if self.mirror else 0
        codes = torch.from_numpy(np.take(np.asarray(self.codes), self.chosen[numbers] + half * mirrored, 0))
        batch = {"image": (codes - self.scale.mean) / self.scale.deviation}
        if self.labels is not None:
            batch["label"] = torch.from_numpy(self.labels[numbers])
        return batch

    def split(self, held_out: int, seed: int = 0) -> tuple["CodeMaps", "CodeMaps"]:
        """As the images are split; both parts in the scale of the first."""
        rest, out = hold_out(self.images.stems, held_out, seed)
        kept = self._select(rest, self.given_scale)
        return kept, self._select(out, kept.scale)

    @property
    def pictures(self) -> Images:
        """The images that were encoded."""
        return self.images

    def decoded(self, pipeline: Pipeline) -> Pipeline:
        """The pipeline with a generator that decodes the codes."""
        first, scale = self.stage.pipeline, self.scale
        made = Decoded(
            image=first.generator.image,
            codes=pipeline.generator,
            decoder=first.generator,
            conditioner=first.conditioner,
        )
        made.mean.copy_(scale.mean)
        made.deviation.copy_(scale.deviation)
        return with_generator(pipeline, made)

    def _select(self, indices: Indices, scale: Scale | None) -> "CodeMaps":
        images, chosen = self.images.select(indices), self.chosen[indices]
        return CodeMaps(images, self.stage, self.codes, chosen=chosen, scale=scale)

    def _places(self) -> Indices:
        half = len(self.codes) // 2
        return np.concatenate([self.chosen, self.chosen + half]) if self.mirror else self.chosen


def with_generator(pipeline: Pipeline, generator: Decoded) -> Pipeline:
    """The pipeline that draws as this one does, with another generator, on the same device."""
    made = Pipeline(
        sampler=pipeline.sampler,
        conditioner=pipeline.conditioner,
        generator=generator.to(pipeline.device),
        labels=pipeline.labels,
    )
    made.images = pipeline.images
    return made


def scale_of(codes: Array, places: Indices) -> Scale:
    """The mean of each channel of some codes, and `SPAN` standard deviations; 1 for a channel that is
    constant.
    """
    total, squares, count = np.zeros(codes.shape[1]), np.zeros(codes.shape[1]), 0
    first = np.asarray(codes[places[0]], dtype=np.float64).mean((1, 2))  # so that squares lose no digits
    for start in range(0, len(places), CHUNK):
        some = np.asarray(codes[places[start : start + CHUNK]], dtype=np.float64) - first[:, None, None]
        total, squares = total + some.sum((0, 2, 3)), squares + np.square(some).sum((0, 2, 3))
        count += some[:, 0].size
    mean = total / count
    deviation = SPAN * np.sqrt(np.maximum(squares / count - np.square(mean), 0))
    deviation = np.where(deviation > 1e-6 * (1 + abs(first)), deviation, 1.0)
    found = (torch.from_numpy(value).float().reshape(-1, 1, 1) for value in (first + mean, deviation))
    return Scale(*found)


def encoded(images: Data, stage: FirstStage, root: Path | None) -> CodeMaps:
    """The images as codes, from the cache in the folder `root` if they are there; else they are encoded, and
    written there whole or not at all.

    Raises:
        DataError: they are not images of one source and of the size that the first stage reads, are cropped
        at random, or a code is not finite.
    """
    if not isinstance(images, Images):
        raise DataError(f"{stage.title} encodes images of one source; got {images.description}")
    _check(images, stage)
    key = cache.entry_key(images.fingerprint, {"first_stage": stage.sha256})
    count = 2 * len(images) if images.mirror else len(images)
    if root and (found := cache.load(root, key)) and found[0].shape == (count, *stage.code):
        return CodeMaps(images, stage, found[0])
    pack = Pack(root, key, count)
    try:
        _encode(images, stage, pack)
        return CodeMaps(images, stage, pack.finish([]))
    except BaseException:
        pack.drop()
        raise


def _encode(images: Images, stage: FirstStage, pack: Pack) -> None:
    what = f"encoding images with {stage.title}"
    for start in range(0, pack.count, CHUNK):
        tell(what, start, pack.count)
        codes = stage.encode(images.rows(np.arange(start, min(start + CHUNK, pack.count)))["image"])
        if not bool(codes.isfinite().all()):
            raise DataError(f"{stage.title} gives codes that are NaN or infinite; train it anew")
        for code in codes.numpy():
            pack.append(code)
    tell(what, pack.count, pack.count)


def _check(images: Images, stage: FirstStage) -> None:
    if tuple(images.image) != tuple(stage.image):
        channels, height, width = stage.image
        raise DataError(
            f"{stage.title} reads images {stage.image}, but these are {tuple(images.image)} "
            f"({images.description}); give --size {height}x{width} --channels {channels}, or a first stage "
            "of that size"
        )
    if images.pixels.placed:
        raise DataError(
            "images that are cropped at another place each time cannot be encoded once; give --fit crop, pad "
            "or stretch, and no --jitter"
        )
