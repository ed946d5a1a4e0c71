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


def know_translators():
    """Offers what is needed to save and load these translators, once."""
    if not any(o.distribution == "translators" for o in host().registry.registrations()):
        host().registry.add("translators", [Negative, Doubled])


def between_images(generator, **more):
    """A pipeline that translates by this generator alone."""
    return Pipeline(conditioner=Identity(code=tuple(generator.code_shape)), generator=generator, **more)
