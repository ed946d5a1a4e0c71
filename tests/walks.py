"""Small pipelines to walk through: with and without a mapping, with layers, labels and noise."""

import torch
from small import SmallGenerator, know_small_parts
from torch import nn

from gancore.component.discovery import registry
from gancore.component.interfaces import Conditioner, Generator
from gancore.component.part import field, part
from gancore.console.showing import Bar, Display
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.samplers import Normal

IMAGE = (3, 8, 8)


@part("walk-layers")
class LayeredGenerator(Generator):
    """Each layer's code shifts a band of rows."""

    layers: int = field(default=4)
    width: int = field(default=6)

    @property
    def code_shape(self):
        return (self.layers, self.width)

    def build(self):
        self.band = nn.Linear(self.width, self.image[0] * self.image[1] // self.layers * self.image[2])

    def forward(self, code):
        c, h, w = self.image
        return torch.tanh(
            self.band(code)
            .reshape(-1, self.layers, c, h // self.layers, w)
            .transpose(1, 2)
            .reshape(-1, c, h, w)
        )


@part("walk-layers")
class LayeredConditioner(Conditioner):
    """One non-linear map, read by every layer."""

    def build(self):
        self.linear = nn.Linear(self.code[1], self.code[1])
        self.register_buffer("mean", torch.linspace(-1, 1, self.code[1]))

    @property
    def latent_shape(self):
        return (self.code[1],)

    def forward(self, latent, label=None):
        return torch.relu(self.linear(latent))[:, None].expand(-1, *self.code)

    def truncate(self, code, amount=1.0, layers=None, label=None):
        moved = self.mean + amount * (code - self.mean)
        return moved if layers is None else torch.cat([moved[:, :layers], code[:, layers:]], 1)


def know_walk_parts():
    """Offers what is needed to save and load these pipelines, once."""
    if not any(o.distribution == "gancore-walks" for o in registry().registrations()):
        registry().add("gancore-walks", [LayeredGenerator, LayeredConditioner])
    know_small_parts()


def plain(noise=0.0, width=6):
    """The code is the latent."""
    generator = SmallGenerator(image=IMAGE, noise=noise, width=width)
    return Pipeline(sampler=Normal(latent=(width,)), conditioner=Identity(code=(width,)), generator=generator)


def layered():
    """A mapping, four layers, a mean to truncate to."""
    generator = LayeredGenerator(image=IMAGE)
    return Pipeline(
        sampler=Normal(latent=(6,)), conditioner=LayeredConditioner(code=(4, 6)), generator=generator
    )


def labeled(classes=3, names=(), rows=False):
    """The label is part of the code."""
    labels = EmpiricalLabels(classes=classes, label_shape=(classes,) if rows else ())
    labels.class_names = names
    generator = SmallGenerator(image=IMAGE, width=6 + classes)
    conditioner = OneHot(code=(6 + classes,), classes=classes)
    return Pipeline(
        sampler=Normal(latent=(6,)),
        conditioner=conditioner,
        generator=generator,
        labels=labels,
    )


def translator():
    """Reads images."""
    return Pipeline(
        conditioner=Identity(code=(6,)), generator=SmallGenerator(image=IMAGE, width=6), reads="image"
    )


def said(capsys):
    """What stands on the error channel, without a terminal's frames."""
    return " ".join(capsys.readouterr().err.replace("│", " ").split())


def shown_at_once(monkeypatch):
    """Lets commands think that they write to a terminal, and show all that they tell at once."""

    def told(self, what, done, total):
        Display.told(self, what, done, total)
        if what:
            self.show(self.task)

    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(Bar, "told", told)
