"""gancore: a component library for generative image models. Public names are imported on first use.

    gancore.list_parts("recipe")                       the available recipes
    training = gancore.train("dcgan", "photos/")       a run
    pipeline = gancore.load("runs/0001-dcgan")         its trained pipeline
    images = pipeline.sample(16, seed=0)               (16, C, H, W) in [-1, 1]
    gancore.evaluate("runs/0001-dcgan")                scores

Each command of the command line is also a function with the same name and options.
"""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.component.creating import create
    from gancore.component.description import Description, describe
    from gancore.component.discovery import host
    from gancore.component.distance import Distance
    from gancore.component.fitted_sampler import FittedSampler
    from gancore.component.hooks import hookimpl
    from gancore.component.interfaces import (
        Augment,
        Auxiliary,
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
    from gancore.component.network_sampler import NetworkSampler
    from gancore.component.part import Part, RandomRows, RunningMean, Seat, Seats, fact, field, part, seat
    from gancore.component.presets import Preset
    from gancore.component.quantizer import Quantized, Quantizer
    from gancore.component.sharing import share, start_alike
    from gancore.component.specs import build, spec
    from gancore.measure.evaluation import Evaluation, score_study
    from gancore.measure.score import Score, Value
    from gancore.measure.study import Study
    from gancore.pipeline import Pipeline
    from gancore.recipes.base import DiscriminatorProbe, Player, Recipe
    from gancore.recipes.gan import TwoPlayerGAN
    from gancore.recipes.growing import GrowingGAN
    from gancore.recipes.paired import PairedGAN
    from gancore.runs.folder import RunFolder
    from gancore.runs.sources import Sources
    from gancore.verbs.check import check
    from gancore.verbs.compare import compare
    from gancore.verbs.directions import directions
    from gancore.verbs.edit import edit
    from gancore.verbs.encode import encode
    from gancore.verbs.evaluate import evaluate
    from gancore.verbs.explore import explore
    from gancore.verbs.export import export
    from gancore.verbs.import_ import import_
    from gancore.verbs.interpolate import interpolate
    from gancore.verbs.invert import invert
    from gancore.verbs.list_parts import list_parts
    from gancore.verbs.list_runs import list_runs
    from gancore.verbs.loading import load
    from gancore.verbs.mix import mix
    from gancore.verbs.new import new
    from gancore.verbs.plugins import plugins
    from gancore.verbs.report import report
    from gancore.verbs.resume import resume
    from gancore.verbs.sample import sample
    from gancore.verbs.show import show
    from gancore.verbs.table import table
    from gancore.verbs.train import train
    from gancore.verbs.translate import translate
    from gancore.verbs.upscale import upscale
    from gancore.verbs.watch import watch

__version__ = "0.1.0"

_HOMES = {
    "component.creating": ("create",),
    "component.description": ("Description", "describe"),
    "component.discovery": ("host",),
    "component.hooks": ("hookimpl",),
    "component.interfaces": (
        "Augment",
        "Auxiliary",
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
    "component.distance": ("Distance",),
    "component.fitted_sampler": ("FittedSampler",),
    "component.network_sampler": ("NetworkSampler",),
    "component.part": ("Part", "RandomRows", "RunningMean", "Seat", "Seats", "fact", "field", "part", "seat"),
    "component.quantizer": ("Quantized", "Quantizer"),
    "component.sharing": ("share", "start_alike"),
    "component.specs": ("build", "spec"),
    "measure.evaluation": ("Evaluation", "score_study"),
    "measure.score": ("Score", "Value"),
    "measure.study": ("Study",),
    "component.presets": ("Preset",),
    "pipeline": ("Pipeline",),
    "recipes.base": ("DiscriminatorProbe", "Player", "Recipe"),
    "recipes.gan": ("TwoPlayerGAN",),
    "recipes.growing": ("GrowingGAN",),
    "recipes.paired": ("PairedGAN",),
    "runs.folder": ("RunFolder",),
    "runs.sources": ("Sources",),
    "verbs.check": ("check",),
    "verbs.compare": ("compare",),
    "verbs.directions": ("directions",),
    "verbs.edit": ("edit",),
    "verbs.encode": ("encode",),
    "verbs.evaluate": ("evaluate",),
    "verbs.explore": ("explore",),
    "verbs.export": ("export",),
    "verbs.import_": ("import_",),
    "verbs.interpolate": ("interpolate",),
    "verbs.invert": ("invert",),
    "verbs.list_parts": ("list_parts",),
    "verbs.list_runs": ("list_runs",),
    "verbs.loading": ("load",),
    "verbs.mix": ("mix",),
    "verbs.new": ("new",),
    "verbs.plugins": ("plugins",),
    "verbs.report": ("report",),
    "verbs.resume": ("resume",),
    "verbs.sample": ("sample",),
    "verbs.show": ("show",),
    "verbs.table": ("table",),
    "verbs.train": ("train",),
    "verbs.translate": ("translate",),
    "verbs.upscale": ("upscale",),
    "verbs.watch": ("watch",),
}
__all__ = [
    "Augment",
    "Auxiliary",
    "Average",
    "Conditioner",
    "Constraint",
    "Description",
    "Discriminator",
    "DiscriminatorProbe",
    "DiscriminatorRegularizer",
    "Distance",
    "Encoder",
    "Evaluation",
    "Extractor",
    "FittedSampler",
    "Generator",
    "GeneratorRegularizer",
    "GrowingGAN",
    "LabelSampler",
    "Loss",
    "NetworkSampler",
    "Optimizer",
    "PairedGAN",
    "Part",
    "Pipeline",
    "Player",
    "Preset",
    "Quantized",
    "Quantizer",
    "RandomRows",
    "Recipe",
    "RunFolder",
    "RunningMean",
    "Sampler",
    "Schedule",
    "Score",
    "Seat",
    "Seats",
    "Sources",
    "Study",
    "TwoPlayerGAN",
    "Value",
    "build",
    "check",
    "compare",
    "create",
    "describe",
    "directions",
    "edit",
    "encode",
    "evaluate",
    "explore",
    "export",
    "fact",
    "field",
    "hookimpl",
    "host",
    "import_",
    "interpolate",
    "invert",
    "list_parts",
    "list_runs",
    "load",
    "mix",
    "new",
    "part",
    "plugins",
    "report",
    "resume",
    "sample",
    "score_study",
    "seat",
    "share",
    "show",
    "spec",
    "start_alike",
    "table",
    "train",
    "translate",
    "upscale",
    "watch",
]

# `gancore --help` must not import torch
__getattr__, __dir__ = lazy(__name__, _HOMES)
