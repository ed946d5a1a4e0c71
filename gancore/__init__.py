"""gancore: a component library for generative image models. The public names, imported when first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gancore.discovery import host
    from gancore.growing import GrowingGAN
    from gancore.hooks import hookimpl
    from gancore.interfaces import (
        Augment,
        Average,
        Conditioner,
        Constraint,
        Discriminator,
        DiscriminatorRegularizer,
        Encoder,
        Extractor,
        Generator,
        GeneratorRegularizer,
        LabelSampler,
        Loss,
        Optimizer,
        Sampler,
        Schedule,
    )
    from gancore.measure.evaluation import evaluate
    from gancore.measure.score import Score, Value
    from gancore.measure.study import Study
    from gancore.parts import Part, Tally, fact, field, part, seat
    from gancore.pipeline import Pipeline
    from gancore.recipe import Critic, Player, Recipe
    from gancore.recipes import GAN
    from gancore.specs import build, spec
    from gancore.training.sources import Sources
    from gancore.training.start import resume, train

__version__ = "0.1.0"

_ROOMS = {
    "discovery": ("host",),
    "growing": ("GrowingGAN",),
    "hooks": ("hookimpl",),
    "interfaces": (
        "Augment",
        "Average",
        "Conditioner",
        "Constraint",
        "Discriminator",
        "DiscriminatorRegularizer",
        "Encoder",
        "Extractor",
        "Generator",
        "GeneratorRegularizer",
        "LabelSampler",
        "Loss",
        "Optimizer",
        "Sampler",
        "Schedule",
    ),
    "measure.evaluation": ("evaluate",),
    "measure.score": ("Score", "Value"),
    "measure.study": ("Study",),
    "parts": ("Part", "Tally", "fact", "field", "part", "seat"),
    "pipeline": ("Pipeline",),
    "recipe": ("Critic", "Player", "Recipe"),
    "recipes": ("GAN",),
    "specs": ("build", "spec"),
    "training.start": ("resume", "train"),
    "training.sources": ("Sources",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = [
    "GAN",
    "Augment",
    "Average",
    "Conditioner",
    "Constraint",
    "Critic",
    "Discriminator",
    "DiscriminatorRegularizer",
    "Encoder",
    "Extractor",
    "Generator",
    "GeneratorRegularizer",
    "GrowingGAN",
    "LabelSampler",
    "Loss",
    "Optimizer",
    "Part",
    "Pipeline",
    "Player",
    "Recipe",
    "Sampler",
    "Schedule",
    "Score",
    "Sources",
    "Study",
    "Tally",
    "Value",
    "build",
    "evaluate",
    "fact",
    "field",
    "hookimpl",
    "host",
    "part",
    "resume",
    "seat",
    "spec",
    "train",
]


def __getattr__(name: str) -> Any:
    # `gancore --help` must not import torch
    if name not in _HOME:
        raise AttributeError(f"module 'gancore' has no attribute {name!r}")
    return getattr(import_module(f"gancore.{_HOME[name]}"), name)
