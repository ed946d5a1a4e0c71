"""Studies of images made up on the spot, for tests of scores."""

import torch
from small import SmallGenerator
from torch import nn

from gancore.component.interfaces import Encoder, Extractor, LabelSampler
from gancore.component.part import field, part
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal


class Images:
    """A set of images that lies in memory."""

    key = ""

    def __init__(self, images, labels=None):
        self.all, self.labels, self.facts = images, labels, {}
        self.image = tuple(images.shape[1:])

    def __len__(self):
        return len(self.all)

    def batches(self):
        return iter(torch.split(self.all, 64))

    def rows(self, indices):
        return self.all[indices]


@part("toy")
class Toy(Extractor):
    """Some pixels' weighted sums, and which third of the grays the image lies in."""

    classes = 3
    width: int = field(default=4)

    def build(self):
        c, h, w = self.image
        self.layer = nn.Linear(c * h * w, self.width)

    def forward(self, image):
        return self.layer(image.flatten(1))

    def classify(self, features):
        return torch.stack([-((features[:, 0] - center) ** 2) * 20 for center in (-0.4, 0.0, 0.4)], 1)


@part("toy")
class ToyEncoder(Encoder):
    """The first pixels."""

    def forward(self, image):
        return image.flatten(1)[:, :4]


@part("toy")
class ToyLabels(LabelSampler):
    """Nothing but zeros."""

    def forward(self, n, *, rng):
        return torch.zeros(n, dtype=torch.int64)


def images(n=64, size=16, channels=3, seed=0, spread=1.0):
    rng = torch.Generator().manual_seed(seed)
    smooth = torch.rand(n, channels, size // 4, size // 4, generator=rng) * 2 - 1
    return (nn.functional.interpolate(smooth, size=(size, size), mode="bilinear") * spread).clamp(-1, 1)


def pipeline(image=(3, 16, 16), noise=0.0, encoder=False):
    made = Pipeline(
        sampler=Normal(latent=(4,)),
        conditioner=Identity(code=(4,)),
        generator=SmallGenerator(image=image, noise=noise),
        encoder=ToyEncoder(image=image) if encoder else None,
    )
    for seed, one in enumerate(made.parts.values()):
        one.bind(seed=seed)
    return made


def study(n=64, *, fake=None, real=None, labels=None, size=16, seed=0, extractor=None, **others):
    fake = images(n, size, seed=1) if fake is None else fake
    real = images(n, size, seed=2) if real is None else real
    fake_labels, real_labels = labels or (None, None)
    return Study(
        Images(fake, fake_labels), Images(real, real_labels), extractor or Toy(), seed=seed, **others
    )
