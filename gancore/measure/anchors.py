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
from gancore.measure.identity import IdentityImages, has_identity
from gancore.measure.score import Need, Score
from gancore.measure.sets import CHUNK, DatasetImages, ImageSet
from gancore.measure.study import PairedSets, Study

OF_IMAGES: frozenset[Need] = frozenset({"classes", "labels"})
"""What a score may need that any images can provide."""

Anchors = dict[str, dict[str, Any]]
"""By name, `real`, `noise` or `identity`: `what` was scored, the `count` of these images, `against` how many,
and their `scores` by name.
"""

Sides = tuple[str, ImageSet, ImageSet]
"""What is scored, the images, and what they are compared with."""


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
    samples, against the same reference; and where samples are translations, of the sources themselves, with
    the scores of pairs.

    Real images are held-out ones, or those of the data that the reference does not hold; where there are
    fewer of them, `count` says so. Where the reference holds all images, one half of it is compared with the
    other, which makes distances larger. Computed once and cached.
    """
    chosen = [score for score in scores if score.needs <= OF_IMAGES]
    count = len(study.samples)
    noise = ("images of uniform noise", NoiseImages(study.samples.image, count), study.reference)
    sides = {"real": _real(study, count), "noise": noise}
    found = {name: _anchor(study, side, chosen) for name, side in sides.items() if side is not None}
    same = _identity(study, scores)
    return found | ({"identity": same} if same else {})


def _identity(study: Study, scores: Sequence[Score]) -> dict[str, Any]:
    """What scores are where nothing is done to the sources; empty where samples are no translations."""
    sources, reference = study.sources, study.reference
    if sources is None or not has_identity(sources.image, reference.image):
        return {}
    images = IdentityImages(sources, reference.image, len(study.samples))
    of_images = [score for score in scores if score.needs <= OF_IMAGES]
    found = _anchor(study, (images.what, images, reference), of_images)
    return {**found, "scores": found["scores"] | _of_pairs(study, scores)}


def _of_pairs(study: Study, scores: Sequence[Score]) -> dict[str, float]:
    """The scores of sources beside their targets."""
    pairs, chosen = study.pairs, [score for score in scores if score.needs == {"pairs"}]
    if pairs is None or pairs.source is None or not chosen:
        return {}
    same = IdentityImages(pairs.source, pairs.real.image)
    other = study.with_pairs(PairedSets(same, pairs.real, pairs.source))
    key = _key(study.seed, same, pairs.real, chosen)
    return cached_values(key, study.extractor, lambda: _values(other, chosen))


def _real(study: Study, count: int) -> Sides | None:
    """At most `count` real images, and what to compare them with; None if nothing is known of the images."""
    reference, held_out = study.reference, study.held_out
    if not isinstance(reference, DatasetImages):
        return None
    unseen = [reference.others(count)]
    if isinstance(held_out, DatasetImages) and held_out.data.fingerprint != reference.data.fingerprint:
        unseen.insert(0, held_out.first(count))
    most = max(unseen, key=len)
    if len(most):
        return "real images that the reference lacks", most, reference
    one, other = reference.halves()
    return "real images, half of the reference, against the other half", one, other


def _anchor(study: Study, side: Sides, scores: Sequence[Score]) -> dict[str, Any]:
    what, images, reference = side
    found = cached_values(
        _key(study.seed, images, reference, scores),
        study.extractor,
        lambda: _values(study.with_images(images, reference), scores),
    )
    return {"what": what, "count": len(images), "against": len(reference), "scores": found}


def _values(study: Study, scores: Sequence[Score]) -> dict[str, float]:
    found = score_study(study, scores).scores
    return {name: value.value for name, value in found.items() if math.isfinite(value.value)}


def _key(seed: int, images: ImageSet, reference: ImageSet, scores: Sequence[Score]) -> str:
    """Everything that the values follow from, besides the extractor; empty if something has no key."""
    if not reference.key or not images.key:
        return ""
    parts = [reference.key, images.key, seed, host().versions]
    return json.dumps([*parts, *(spec(score, complete=True) for score in scores)], sort_keys=True)
