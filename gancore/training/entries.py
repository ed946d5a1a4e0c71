"""The entries of a batch that the pipelines of a recipe read and make."""

import json
from collections.abc import Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from gancore.component.specs import spec
from gancore.data import Data
from gancore.data.derived import Derived
from gancore.errors import FitError
from gancore.measure.sets import DatasetImages, PipelineSamples
from gancore.measure.study import PairedSets
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe


def with_entries(recipe: Recipe, data: Data) -> Data:
    """The data with the entries that the recipe derives from them."""
    if type(recipe).derive is Recipe.derive:
        return data
    return Derived(data, partial(_derived, recipe), json.dumps(spec(recipe), sort_keys=True, default=str))


def _derived(recipe: Recipe, rows: Mapping[str, Tensor]) -> dict[str, Tensor]:
    device = next((weight.device for weight in recipe.parameters()), torch.device("cpu"))
    found = recipe.derive({name: value.to(device) for name, value in rows.items()})
    return {name: value.cpu() for name, value in found.items()}


def first_row(data: Data) -> dict[str, Tensor]:
    """The first row of the data."""
    return data.rows(np.arange(1))


def paired(pipeline: Pipeline, data: Data) -> bool:
    """Whether each image that a pipeline works on comes with the one that it should make of it."""
    return data.paired and pipeline.reads not in ("", pipeline.makes)


def pairs(pipeline: Pipeline, data: Data, count: int, seed: int) -> PairedSets | None:
    """What a pipeline makes of at most `count` images, what it should make, and the images; None without
    pairs.
    """
    if not paired(pipeline, data):
        return None
    some = DatasetImages(data, min(count, len(data)), seed=seed, entry=pipeline.reads)
    target = DatasetImages(data, min(count, len(data)), seed=seed, entry=pipeline.makes)
    return PairedSets(PipelineSamples(pipeline, len(some), seed=seed, source=some), target, some)


def check_entries(recipe: Recipe, data: Data) -> None:
    """Raises FitError unless each pipeline finds what it reads and makes in the rows of the data."""
    known = first_row(data)
    for name, pipeline in recipe.pipelines().items():
        for verb, entry in (("reads", pipeline.reads), ("makes", pipeline.makes)):
            if entry and entry not in known:
                raise FitError(
                    f"the pipeline {name} of {recipe.qualified_name} {verb} {entry!r}, but its batches hold "
                    f"{', '.join(sorted(known))}; name one of these, or add it in `derive`"
                )
        shape = tuple(known[pipeline.reads].shape[1:]) if pipeline.reads else ()
        if pipeline.reads and shape != pipeline.reads_shape:
            raise FitError(
                f"the pipeline {name} of {recipe.qualified_name} reads images {pipeline.reads_shape}, "
                f"but {pipeline.reads!r} holds images {shape}"
            )
