"""What the scores of a study are for real images that its reference lacks, and for noise."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from gancore.component.discovery import host
from gancore.component.interfaces import ImageShape
from gancore.component.randomness import fold
from gancore.component.specs import spec
from gancore.measure.cache import cached_values
from gancore.measure.evaluation import score_study
from gancore.measure.score import Need, Score
from gancore.measure.sets import CHUNK, DatasetImages, ImageSet
from gancore.measure.study import Study

OF_IMAGES: frozenset[Need] = frozenset({"classes", "labels"})
"""What a score may need that any images can provide."""

Anchors = dict[str, dict[str, Any]]
"""By name, `real` or `noise`: the `source` and `count` of the images, and their `scores` by name."""


class NoiseImages:
    """Images of uniform noise, independent in every pixel; the same for the same shape and number."""

    labels = None

    def __init__(self, image: ImageShape, count: int) -> None:
        self.image, self.count = image, count
        self.key = f"noise-{'x'.join(map(str, image))}-{count}"
        self.facts: dict[str, Any] = {"source": "uniform noise", "count": count, "image": list(image)}

    def __len__(self) -> int:
        return self.count

    def batches(self) -> Iterator[Tensor]:
        """All images in order, some at a time."""
        for start in range(0, self.count, CHUNK):
            rng = torch.Generator().manual_seed(fold(start, "noise") % 2**63)
            size = (min(CHUNK, self.count - start), *self.image)
            yield torch.randint(0, 256, size, generator=rng) / 127.5 - 1

    def rows(self, indices: Tensor) -> Tensor:
        """Some images."""
        return torch.cat(list(self.batches()))[indices]


def anchors(study: Study, scores: Sequence[Score]) -> Anchors:
    """Those of `scores` that any images can have, of as many real images and of as much noise as there are
    samples. Real images are held-out ones, or those of the data that the reference does not hold; where there
    are fewer of them, `count` says so, and where there are none, nothing is known of them.

    Computed once and cached.
    """
    chosen = [score for score in scores if score.needs <= OF_IMAGES]
    sets: dict[str, ImageSet | None] = {
        "real": _real(study, len(study.samples)),
        "noise": NoiseImages(study.samples.image, len(study.samples)),
    }
    return {name: _anchor(study, images, chosen) for name, images in sets.items() if images is not None}


def _real(study: Study, count: int) -> ImageSet | None:
    """At most `count` real images that the reference lacks; None without any."""
    reference, held_out = study.reference, study.held_out
    if not isinstance(reference, DatasetImages):
        return None
    candidates = [reference.others(count)]
    if isinstance(held_out, DatasetImages) and held_out.data.fingerprint != reference.data.fingerprint:
        candidates.insert(0, held_out.first(count))
    return max((found for found in candidates if len(found)), key=len, default=None)


def _anchor(study: Study, images: ImageSet, scores: Sequence[Score]) -> dict[str, Any]:
    found = cached_values(
        _key(study, images, scores), study.extractor, lambda: _values(study.with_samples(images), scores)
    )
    return {"source": images.facts["source"], "count": len(images), "scores": found}


def _values(study: Study, scores: Sequence[Score]) -> dict[str, float]:
    found = score_study(study, scores).scores
    return {name: value.value for name, value in found.items() if math.isfinite(value.value)}


def _key(study: Study, images: ImageSet, scores: Sequence[Score]) -> str:
    """Everything that the values follow from, besides the extractor; empty if something has no key."""
    if not study.reference.key or not images.key:
        return ""
    parts = [study.reference.key, images.key, study.seed, host().versions]
    return json.dumps([*parts, *(spec(score, complete=True) for score in scores)], sort_keys=True)
