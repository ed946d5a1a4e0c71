"""gancore: a component library for generative image models. The public names, imported when first asked
for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gancore.component.discovery import host
    from gancore.component.hooks import hookimpl
    from gancore.component.interfaces import (
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
    from gancore.component.part import Part, RunningMean, fact, field, part, seat
    from gancore.component.specs import build, spec
    from gancore.measure.evaluation import evaluate
    from gancore.measure.score import Score, Value
    from gancore.measure.study import Study
    from gancore.pipeline import Pipeline
    from gancore.recipes.base import DiscriminatorProbe, Player, Recipe
    from gancore.recipes.gan import TwoPlayerGAN
    from gancore.recipes.growing import GrowingGAN
    from gancore.runs.sources import Sources
    from gancore.training.start import resume, train

__version__ = "0.1.0"

_ROOMS = {
    "component.discovery": ("host",),
    "recipes.growing": ("GrowingGAN",),
    "component.hooks": ("hookimpl",),
    "component.interfaces": (
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
    "component.part": ("Part", "RunningMean", "fact", "field", "part", "seat"),
    "pipeline": ("Pipeline",),
    "recipes.base": ("DiscriminatorProbe", "Player", "Recipe"),
    "recipes.gan": ("TwoPlayerGAN",),
    "component.specs": ("build", "spec"),
    "training.start": ("resume", "train"),
    "runs.sources": ("Sources",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = [
    "Augment",
    "Average",
    "Conditioner",
    "Constraint",
    "Discriminator",
    "DiscriminatorProbe",
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
    "RunningMean",
    "Sampler",
    "Schedule",
    "Score",
    "Sources",
    "Study",
    "TwoPlayerGAN",
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
