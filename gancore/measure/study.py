"""The input of scores: two sets of images, their features, and what else is known, each computed once."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from gancore.component.device import device_of
from gancore.component.interfaces import Extractor, Movable
from gancore.component.randomness import fold
from gancore.errors import MeasureError
from gancore.measure.cache import cached
from gancore.measure.moments import Moments
from gancore.measure.score import Need
from gancore.measure.sets import ImageSet
from gancore.pipeline import Pipeline, evaluating
from gancore.progress import counted

Side = Literal["reference", "samples", "training"]
SIDES: dict[Side, str] = {
    "reference": "reference images",
    "samples": "samples",
    "training": "training images",
}


def reconstructs(pipeline: Pipeline) -> bool:
    """Whether a pipeline encodes images like those that it makes."""
    return pipeline.encoder is not None and pipeline.reads in ("", pipeline.makes)


def gives_indices(pipeline: Pipeline) -> bool:
    """Whether a pipeline encodes images like those that it makes as indices of a codebook."""
    gives = getattr(pipeline.encoder, "gives", "")
    return reconstructs(pipeline) and gives == "latent" and pipeline.conditioner.codebook_size > 0


class PairedSets(NamedTuple):
    """Images made of others, those that they should be, and those that they were made of, if known, all in
    the same order.
    """

    made: ImageSet
    real: ImageSet
    source: ImageSet | None = None


class Study:
    """Samples and a reference, seen through an extractor.

    `training` holds the training images if known; `pipeline` made the samples if one did. `held_out` are
    images like the reference that the pipeline never saw. `sources` are the images that samples were made of,
    `pairs` images made of others beside those that they should be. `checkpoint` says which weights made the
    samples: how many images they have seen, and the hash of their file.

    Raises:
        MeasureError: samples and reference are of different shapes, or pairs in number. FitError: the
        extractor reads other images.
    """

    def __init__(
        self,
        samples: ImageSet,
        reference: ImageSet,
        extractor: Extractor,
        *,
        pipeline: Pipeline | None = None,
        training: ImageSet | None = None,
        held_out: ImageSet | None = None,
        sources: ImageSet | None = None,
        pairs: PairedSets | tuple[ImageSet, ImageSet] | None = None,
        seed: int = 0,
        checkpoint: Mapping[str, Any] | None = None,
    ) -> None:
        if samples.image != reference.image:
            raise MeasureError(
                f"samples are {samples.image}, the reference is {reference.image} (channels, height, width); "
                f"bring them to the same shape, for example with --size and --channels"
            )
        if pairs is not None and len(pairs[0]) != len(pairs[1]):
            raise MeasureError(f"{len(pairs[0])} images are paired with {len(pairs[1])}; give one for each")
        self.samples, self.reference, self.training = samples, reference, training
        self.held_out, self.sources = held_out, sources
        self.pairs = None if pairs is None else PairedSets(*pairs)
        self.pipeline, self.seed, self.checkpoint = pipeline, seed, dict(checkpoint or {})
        self.extractor = extractor
        extractor.bind(seed=0, by="the images", facts={"image": reference.image})
        extractor.require()
        self._features: dict[Side, Tensor] = {}

    @property
    def title(self) -> str:
        """The extractor's title, for the names of values."""
        return self.extractor.title

    def with_images(self, samples: ImageSet, reference: ImageSet) -> "Study":
        """A study of other images by the same extractor. Raises MeasureError as a study."""
        other = Study(samples, reference, self.extractor, seed=self.seed)
        if reference is self.reference:
            other._features["reference"] = self.features("reference")
        return other

    def with_pairs(self, pairs: PairedSets) -> "Study":
        """A study of the same images beside other pairs."""
        other = Study(self.samples, self.reference, self.extractor, pairs=pairs, seed=self.seed)
        other._features |= self._features
        return other

    def holds(self, need: Need) -> bool:
        """Whether a score that needs this can be computed."""
        return {
            "classes": self.extractor.classes > 0,
            "labels": self.samples.labels is not None and self.reference.labels is not None,
            "pipeline": self.pipeline is not None and self.pipeline.sampler is not None,
            "encoder": self.pipeline is not None and reconstructs(self.pipeline),
            "indices": self.pipeline is not None and gives_indices(self.pipeline),
            "movable": self.pipeline is not None and isinstance(self.pipeline.generator, Movable),
            "training": self.training is not None,
            "pairs": self.pairs is not None,
        }[need]

    def side(self, side: Side) -> ImageSet:
        """One set of images. Raises MeasureError if it is unknown."""
        found: ImageSet | None = getattr(self, side)
        if found is None:
            raise MeasureError(f"the {side} images are not known; name them")
        return found

    def features(self, side: Side) -> Tensor:
        """`(N, D)` float32 of all images of one side."""
        if side not in self._features:
            images = self.side(side)
            what = f"{self.title} features of the {SIDES[side]}"
            self._features[side] = cached(images.key, self.extractor, lambda: self._extracted(images, what))
        return self._features[side]

    @cached_property
    def reference_moments(self) -> Moments:
        """Mean and covariance of the reference's features."""
        return Moments.of(self.features("reference"))

    @cached_property
    def sample_moments(self) -> Moments:
        """Mean and covariance of the samples' features."""
        return Moments.of(self.features("samples"))

    def extract(self, images: Iterable[Tensor]) -> Iterator[Tensor]:
        """Features of batches of images.

        Raises:
            MeasureError: an image is not finite.
        """
        device = device_of(self.extractor)
        for batch in images:
            if not bool(batch.isfinite().all()):
                bad = (~batch.isfinite()).flatten(1).any(1).sum()
                raise MeasureError(
                    f"{bad} of {len(batch)} images hold NaN or infinity; give images with finite values"
                )
            with evaluating(self.extractor), torch.no_grad():
                features: Tensor = self.extractor(batch.to(device))
            yield features.float().cpu()

    def images(self, side: Side, count: int) -> Tensor:
        """The first `count` images of one side (or all), `(n, C, H, W)` float32 in [-1, 1]."""
        found = self.side(side)
        return found.rows(torch.arange(min(count, len(found))))

    def rng(self, name: str) -> torch.Generator:
        """A random generator for one purpose; the same study gives the same draws."""
        return torch.Generator().manual_seed(fold(self.seed, name))

    def _extracted(self, images: ImageSet, what: str) -> Tensor:
        return torch.cat(list(self.extract(counted(images.batches(), len(images), what=what))))
