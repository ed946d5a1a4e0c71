"""Small translators: the negative of an image."""

from typing import ClassVar

import torch
from torch import nn

from gancore import Generator, Pipeline, part
from gancore.component.discovery import host
from gancore.standard.conditioners import Identity


@part("negative", tags=["translator"])
class Negative(Generator):
    """The negative of an image, of its own size alone."""

    @property
    def code_shape(self):
        return tuple(self.image)

    def build(self):
        self.factor = nn.Parameter(torch.full((), -1.0))

    def forward(self, code):
        return code * self.factor


@part("coarse-negative", tags=["translator"])
class Doubled(Negative):
    """The negative of an image of any size, twice as large, made from blocks of 4×4 pixels."""

    size_multiple: ClassVar[int] = 4

    @property
    def code_shape(self):
        return (self.image[0], self.image[1] // 2, self.image[2] // 2)

    def forward(self, code):
        if code.shape[2] % 4 or code.shape[3] % 4:
            raise RuntimeError("sizes must be multiples of 4")
        return nn.functional.interpolate(code, scale_factor=2.0) * self.factor


@part("any-negative", tags=["translator"])
class AnyNegative(Negative):
    """The negative of an image of any size."""

    size_multiple: ClassVar[int] = 1


@part("larger", tags=["translator"])
class Larger(Negative):
    """An image of any size, each pixel as a square of four."""

    size_multiple: ClassVar[int] = 1

    @property
    def code_shape(self):
        return (self.image[0], self.image[1] // 2, self.image[2] // 2)

    def forward(self, code):
        return nn.functional.interpolate(code, scale_factor=2.0) * -self.factor


@part("looking", tags=["translator"])
class Looking(Larger):
    """Twice as large, by convolutions that look 8 pixels far and halve the image on the way."""

    size_multiple: ClassVar[int] = 2

    def build(self):
        super().build()
        draw = torch.Generator().manual_seed(0)
        self.down = nn.Conv2d(self.image[0], 4, 4, stride=2, padding=1, padding_mode="reflect")
        self.up = nn.ConvTranspose2d(4, 8, 4, stride=2, padding=1)
        self.last = nn.Conv2d(8, self.image[0], 3, padding=1)
        for parameter in self.parameters():
            nn.init.normal_(parameter, 0, 0.2, generator=draw)

    def forward(self, code):
        hidden = self.up(self.down(code).relu()).relu()
        return self.last(nn.functional.interpolate(hidden, scale_factor=2.0)).tanh()


@part("normalized", tags=["translator"])
class Normalized(AnyNegative):
    """Each channel with mean 0 and variance 1."""

    def build(self):
        super().build()
        self.norm = nn.InstanceNorm2d(self.image[0])

    def forward(self, code):
        return self.norm(code) * self.factor / 4


OFFERED = [Negative, Doubled, AnyNegative, Larger, Looking, Normalized]


def know_translators():
    """Offers what is needed to save and load these translators, once."""
    if not any(o.distribution == "translators" for o in host().registry.registrations()):
        host().registry.add("translators", OFFERED)


def between_images(generator, **more):
    """A pipeline that translates by this generator alone."""
    return Pipeline(conditioner=Identity(code=tuple(generator.code_shape)), generator=generator, **more)
