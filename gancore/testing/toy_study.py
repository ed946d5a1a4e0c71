"""A study for testing scores: a few synthetic images, an extractor, and a pipeline with everything that
scores may need.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Extractor, Generator
from gancore.component.part import field, part
from gancore.component.randomness import fold
from gancore.measure.score import Need
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.quantizers import Codebook, VectorQuantizer
from gancore.standard.samplers import Normal

IMAGE = (3, 16, 16)
CODE = 4
COUNT = 128
"""Images per side: more than the dimensions of the extractor, also within a class."""


class Made:
    """A set of images in memory."""

    key = ""
    image = IMAGE

    def __init__(self, images: Tensor, labels: Tensor | None) -> None:
        self.images, self.labels = images, labels
        self.facts: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.images)

    def batches(self) -> Iterator[Tensor]:
        """All images, some at a time."""
        return iter(torch.split(self.images, 64))

    def rows(self, indices: Tensor) -> Tensor:
        """Some images."""
        return self.images[indices]


@part("kit")
class KitExtractor(Extractor):
    """Weighted sums of pixels; with `sorts`, a classifier of three classes."""

    sorts: bool = field(default=True, help="whether it classifies images")

    def build(self) -> None:
        """One layer."""
        self.layer = nn.Linear(IMAGE[0] * IMAGE[1] * IMAGE[2], 8)
        self.classes = 3 if self.sorts else 0  # type: ignore[misc]

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 8)`."""
        features: Tensor = self.layer(image.flatten(1))
        return features

    def classify(self, features: Tensor) -> Tensor:
        """The first three sums."""
        return features[:, :3] if self.sorts else super().classify(features)


@part("another-kit")
class AnotherExtractor(KitExtractor):
    """Other features, under another title."""

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 8)`."""
        return super().forward(image).exp()


@part("kit")
class KitGenerator(Generator):
    """One layer."""

    @property
    def code_shape(self) -> tuple[int, ...]:
        """A short code."""
        return (CODE,)

    def build(self) -> None:
        """One layer."""
        self.layer = nn.Linear(CODE, IMAGE[0] * IMAGE[1] * IMAGE[2])

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 3, 16, 16)`."""
        return torch.tanh(self.layer(code)).reshape(len(code), *IMAGE)


@part("kit-movable")
class MovableKitGenerator(KitGenerator):
    """Shifts its image cyclically, by whole pixels only."""

    def build(self) -> None:
        """One layer, without a motion."""
        super().build()
        self.place_of = (0, 0)

    @contextmanager
    def moved(self, *, right: float = 0.0, down: float = 0.0, turn: float = 0.0) -> Iterator[None]:
        """Rotations are ignored."""
        self.place_of = (round(down), round(right))
        try:
            yield
        finally:
            self.place_of = (0, 0)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 3, 16, 16)`."""
        return super().forward(code).roll(self.place_of, (2, 3))


@part("kit-indices")
class KitIndexEncoder(Encoder):
    """Which of the first pixels is the brightest."""

    gives: ClassVar[Literal["code", "latent"]] = "latent"

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N,)` int64 below 4."""
        return image.flatten(1)[:, :CODE].argmax(1)


@part("kit")
class KitEncoder(Encoder):
    """The first pixels."""

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, 4)`."""
        return image.flatten(1)[:, :CODE]


_OF_PIPELINES = {"pipeline", "encoder", "movable", "indices"}


def study_for(
    seed: int, holds: frozenset[Need], *, count: int = COUNT, extractor: type[KitExtractor] = KitExtractor
) -> Study:
    """A study that provides what is named, and nothing else that a score may need."""
    labels = torch.arange(count) % 2 if "labels" in holds else None
    judge = extractor(sorts="classes" in holds)
    return Study(
        Made(_images(fold(seed, "samples"), count), labels),
        Made(_images(fold(seed, "reference"), count), labels),
        judge,
        pipeline=_pipeline(seed, holds) if holds & _OF_PIPELINES else None,
        training=Made(_images(fold(seed, "training"), COUNT), None) if "training" in holds else None,
        pairs=_pairs(seed, count) if "pairs" in holds else None,
        seed=seed,
    )


def _pairs(seed: int, count: int) -> tuple[Made, Made]:
    made, real = (Made(_images(fold(seed, "pairs", i), count), None) for i in range(2))
    return made, real


def _images(seed: int, count: int) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, IMAGE[0], 4, 4, generator=rng) * 2 - 1
    return nn.functional.interpolate(coarse, size=IMAGE[1:], mode="bilinear").clamp(-1, 1)


def _pipeline(seed: int, holds: frozenset[Need]) -> Pipeline:
    made = _of_indices() if "indices" in holds else _of_numbers(holds)
    for name, one in made.parts.items():
        one.bind(seed=seed, path=name)
    return made


def _of_indices() -> Pipeline:
    codebook = Codebook(quantizer=VectorQuantizer(size=5), code=(CODE,))
    return Pipeline(
        conditioner=codebook, generator=KitGenerator(image=IMAGE), encoder=KitIndexEncoder(image=IMAGE)
    )


def _of_numbers(holds: frozenset[Need]) -> Pipeline:
    encoder = KitEncoder(image=IMAGE) if "encoder" in holds else None
    generator = MovableKitGenerator if "movable" in holds else KitGenerator
    sampler, conditioner = Normal(latent=(CODE,)), Identity(code=(CODE,))
    return Pipeline(
        sampler=sampler, conditioner=conditioner, generator=generator(image=IMAGE), encoder=encoder
    )
