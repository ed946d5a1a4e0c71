"""Small networks, and a source of images, for tests of the core."""

import torch
from torch import Tensor, nn

from gancore.component.discovery import registry
from gancore.component.interfaces import Conditioner, Discriminator, Extractor, Generator
from gancore.component.part import RunningMean, fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal
from gancore.nn import given_label, one_hot


@part("small")
class SmallGenerator(Generator):
    """A linear map, and noise on every image."""

    width: int = field(default=4)
    noise: float = field(default=0.0)

    @property
    def code_shape(self):
        return (self.width,)

    def build(self):
        c, h, w = self.image
        self.linear = nn.Linear(self.width, c * h * w)

    def forward(self, code):
        image = self.linear(code).reshape(len(code), *self.image)
        image = torch.tanh(image + self.noise * normal(len(code), *self.image, like=image))
        return at_least_float32(image)


@part("small")
class SmallDiscriminator(Discriminator):
    """Two layers, smooth, so that second derivatives do not vanish."""

    width: int = field(default=8)

    def build(self):
        c, h, w = self.image
        self.first = nn.Linear(c * h * w, self.width)
        self.last = nn.Linear(self.width, 1)

    def forward_features(self, image):
        return nn.functional.softplus(self.first(image.flatten(1)))

    def forward_head(self, features, label=None):
        return self.last(features).squeeze(1)


@part("small-labels")
class LabeledDiscriminator(SmallDiscriminator):
    """A layer more, for the label."""

    conditional = True
    classes: int = fact()

    def build(self):
        super().build()
        self.label = nn.Linear(self.classes, self.width)

    def forward_head(self, features, label=None):
        label = one_hot(given_label(self, label, "discriminator/small"), self.classes)
        return self.last(features * self.label(label))[:, 0]


@part("small-mean")
class MeanConditioner(Conditioner):
    """A linear map that keeps the mean of its codes."""

    def build(self):
        self.linear = nn.Linear(self.code[0], self.code[0])
        self.register_buffer("mean", torch.zeros(self.code))
        self.seen = RunningMean()

    @property
    def latent_shape(self):
        return self.code

    def forward(self, latent, label=None):
        code = self.linear(latent)
        if self.training:
            self.seen.add(code.sum(0), len(code))
        return code

    def update_buffers(self):
        if self.seen.mean is not None:
            self.mean.lerp_(self.seen.mean.to(self.mean), 0.1)

    def truncate(self, code, amount=1.0, layers=None, label=None):
        return self.mean + amount * (code - self.mean)


@part("small")
class SmallExtractor(Extractor):
    """A fixed linear map of the pixels; its first features are the logits of two classes."""

    width: int = field(default=5)
    classes = 2

    def build(self):
        c, h, w = self.image
        self.linear = nn.Linear(c * h * w, self.width)

    def forward(self, image):
        return self.linear(image.flatten(1).float())

    def classify(self, features):
        return features[:, :2]


class Source:
    """Images that depend on (seed, position) alone."""

    def __init__(self, image=(3, 4, 4), dtype=torch.float32, rank=0, world=1):
        self.image, self.dtype, self.rank, self.world = image, dtype, rank, world
        self.position = 0

    def next(self, n=None):
        whole = torch.stack([self.at(self.position + i) for i in range(n)])
        self.position += n
        size = n // self.world
        return {"image": whole[self.rank * size : (self.rank + 1) * size]}

    def at(self, position) -> Tensor:
        rng = torch.Generator().manual_seed(position)
        return torch.rand(self.image, generator=rng).to(self.dtype) * 2 - 1


def know_small_parts():
    """Offers the small networks under the name of a plugin, once."""
    if not any(o.distribution == "gancore-small" for o in registry().registrations()):
        registry().add(
            "gancore-small", [SmallGenerator, SmallDiscriminator, LabeledDiscriminator, MeanConditioner]
        )
