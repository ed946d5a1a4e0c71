"""The pipelines of a recipe, ready for drawing images."""

from collections.abc import Callable
from copy import deepcopy

import torch

from gancore.component.part import Part
from gancore.component.randomness import render_seed, seeded
from gancore.pipeline import CHUNK, Pipeline, evaluating, truncated
from gancore.recipes.base import Recipe

PASSES = 16
"""Batches that a part sees while it gets ready."""


def products(recipe: Recipe, decoded: Callable[[Pipeline], Pipeline] | None = None) -> dict[str, Pipeline]:
    """The pipelines of a recipe by name, each `prepared`: what sample grids, evaluations and saved pipelines
    show. `decoded` makes a pipeline of images of one that draws codes (`Data.decoded`).
    """
    made = {name: prepared(pipeline) for name, pipeline in recipe.pipelines().items()}
    return {name: decoded(pipeline) for name, pipeline in made.items()} if decoded else made


def prepared(pipeline: Pipeline, *, seed: int = 0) -> Pipeline:
    """The pipeline itself, or if parts of it have a `prepare` of their own, a copy in which they have got
    ready. The parts of a training, averages among them, stay as they are.
    """
    named = [name for name, part in pipeline.parts.items() if _prepares(part)]
    if pipeline.product != "draws" or not named:
        return pipeline

    def prepare(copy: Pipeline, passes: Callable[[], None]) -> None:
        for name in named:
            for part in copy.parts[name].modules():
                if isinstance(part, Part):
                    part.prepare(passes)

    return changed_by_passes(pipeline, prepare, seed=seed)


def changed_by_passes(
    pipeline: Pipeline,
    change: Callable[[Pipeline, Callable[[], None]], None],
    *,
    seed: int = 0,
    truncation: float = 1.0,
    batch: int = CHUNK,
    passes: int = PASSES,
) -> Pipeline:
    """A copy of the pipeline, changed by a function that gets it and a function of no arguments, which draws
    `passes` batches of images with it, the same ones for equal seeds, in eval mode and without gradients.
    """
    copy = deepcopy(pipeline)
    latent, label = copy.draw(batch * passes, seed=seed)

    def run() -> None:
        for start in range(0, len(latent), batch):
            rows = slice(start, start + batch)
            mark = None if label is None else label[rows].to(copy.device)
            code = copy.conditioner(latent[rows].to(copy.device), mark)
            copy.generator(code if truncation == 1 else truncated(copy.conditioner, code, mark, truncation))

    with evaluating(*copy.parts.values()), torch.no_grad(), seeded(render_seed(seed), copy.device):
        change(copy, run)
    for part in copy.parts.values():
        part.eval()
    return copy


def _prepares(part: Part) -> bool:
    return any(isinstance(m, Part) and type(m).prepare is not Part.prepare for m in part.modules())
