"""Small networks for testing regularizers, constraints, averages and optimizers."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.interfaces import (
    Auxiliary,
    Constraint,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Shape,
)
from gancore.component.part import Part, part
from gancore.component.scored import Scored

SHAPE = (3, 4, 4)
CODE = 5
CLASSES = 3


class Smooth(nn.Module):
    """Two layers with a smooth nonlinearity, on flattened rows; `(N, …)` → `(N, *shape)`."""

    def __init__(self, rng: torch.Generator, features: int, *shape: int) -> None:
        super().__init__()
        self.shape = shape
        width = int(torch.Size(shape).numel())
        self.first = nn.Parameter(torch.randn(features, 8, generator=rng) * 0.3)
        self.second = nn.Parameter(torch.randn(8, width, generator=rng) * 0.3)
        self.bias = nn.Parameter(torch.randn(width, generator=rng) * 0.3)

    def forward(self, given: Tensor) -> Tensor:
        """Smooth in input and weights."""
        made = (given.flatten(1) @ self.first).tanh() @ self.second + self.bias
        return made.reshape(len(given), *self.shape)


class Watched(Scored):
    """Notes in `asked` what is read."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_"):
            self.__dict__.setdefault("asked", set()).add(name)
        return super().__getattribute__(name)


class Critic(nn.Module):
    """A smooth discriminator with features of a given shape; reads no labels."""

    def __init__(self, rng: torch.Generator, features: Shape) -> None:
        super().__init__()
        self.body, self.last = Smooth(rng, 48, *features), Smooth(rng, math.prod(features))
        self.bias = self.last.bias

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, …)` → `(N,)`."""
        made: Tensor = self.last(self.body(image))
        return made

    def classify(self, features: Tensor) -> Tensor:
        """Logits `(N, CLASSES)`, for penalties that ask a discriminator for its classifier."""
        return features.flatten(1)[:, :CLASSES]

    def maps(self, image: Tensor) -> list[Tensor]:
        """The image and the features as maps."""
        return [image, self.body(image)[..., None, None]]

    def scored(
        self, image: Tensor, label: Tensor, *, make: Callable[..., Tensor] | None = None, **given: Any
    ) -> Watched:
        """Images as a recipe hands them to penalties."""
        return Watched(
            make or (lambda: image),
            self,
            label=label,
            features_of=self.body,
            maps_of=self.maps,
            discriminator=self,
            **given,
        )

    def generated(self, maker: nn.Module, code: Tensor, label: Tensor, **given: Any) -> Watched:
        """Generated images; the latent is the code."""
        return self.scored(code, label, make=maker, latent=code, code=lambda: code, generate=maker, **given)


class Flat(Critic):
    """A discriminator that ignores its image."""

    def __init__(self) -> None:
        super().__init__(torch.Generator().manual_seed(0), (6,))
        with torch.no_grad():
            self.body.first.zero_()


@part("contract-kit")
class Averaged(Generator):
    """A linear map with a buffer, to be averaged."""

    @property
    def code_shape(self) -> Shape:
        """A short vector."""
        return (3,)

    def build(self) -> None:
        """One layer, batch normalization, and a count."""
        self.layer, self.norm = nn.Linear(3, 12), nn.BatchNorm1d(12)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 3)` → `(N, 3, 2, 2)`."""
        made: Tensor = self.norm(self.layer(code))
        return made.reshape(-1, 3, 2, 2)


@part("contract-kit")
class AskedPenalty(DiscriminatorRegularizer):
    """A penalty of nothing on the discriminator."""

    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """0."""
        return 0 * real.scores.mean()


@part("contract-kit")
class AskedGeneratorPenalty(GeneratorRegularizer):
    """A penalty of nothing on the generator."""

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """0."""
        return 0 * fake.image.mean()


@part("contract-kit")
class AskedAuxiliary(Auxiliary):
    """An objective of nothing."""

    def discriminator(self, real: Scored, fake: Scored) -> Tensor:
        """0."""
        return 0 * real.scores.mean()

    def generator(self, fake: Scored, real: Scored) -> Tensor:
        """0."""
        return 0 * fake.scores.mean()


@part("contract-kit")
class AskedConstraint(Constraint):
    """Allows all weights."""

    def forward(self, module: nn.Module) -> None:
        """Nothing."""


ASKED: Mapping[type[Part], type[Part]] = {
    DiscriminatorRegularizer: AskedPenalty,
    GeneratorRegularizer: AskedGeneratorPenalty,
    Auxiliary: AskedAuxiliary,
    Constraint: AskedConstraint,
}
"""A part of each kind that a step asks, without effect."""
