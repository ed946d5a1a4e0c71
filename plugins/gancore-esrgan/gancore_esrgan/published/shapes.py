"""Shapes of published weights, refused in words where they are missing or damaged."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import shown
from gancore.standard.conditioners import Identity

__all__ = ["SIDE", "counted", "enlarging", "recipe_of", "shape", "told"]

SIDE = 256
"""The side of the images that released networks were trained on; the weights do not say it."""
MOST = 1000


def shape(found: Mapping[str, Tensor], name: str, dimensions: int = 4) -> tuple[int, ...]:
    """The shape of a weight. Raises CheckpointError if it is missing, or has other dimensions."""
    size = tuple(found[name].shape) if name in found else ()
    if len(size) != dimensions or 0 in size:
        told = f"of shape {size}" if name in found else "missing"
        raise CheckpointError(f"{shown(name)} is {told}; the file is damaged, or of another network")
    return size


def told(settings: Mapping[str, Any], table: str, *names: str) -> Any:
    """The first of these settings in the table of a network, or else beside it; None if there is none."""
    inner = settings.get(table)
    for place in (inner, settings) if isinstance(inner, Mapping) else (settings,):
        for name in names:
            if name in place:
                return place[name]
    return None


def counted(numbers: set[int], what: str) -> int:
    """How many there are, if they are numbered from 0 on. Raises CheckpointError."""
    if not numbers or len(numbers) > MOST or numbers != set(range(len(numbers))):
        raise CheckpointError(f"its {what} are not numbered from 0 on; the file is damaged")
    return len(numbers)


def enlarging(generator: Generator) -> Pipeline:
    """The pipeline of a generator that reads source images."""
    return Pipeline(conditioner=Identity(code=tuple(generator.code_shape)), generator=generator)


def recipe_of(pipeline: Pipeline) -> dict[str, Any]:
    """`recipe/real-esrgan` with its factor, and the settings for a released network; the files hold none.

    None if source and image differ in channels: its sources are images, degraded.
    """
    reads, makes = pipeline.reads_shape, pipeline.generator.image
    if reads[0] != makes[0]:
        return {}
    scale = makes[1] // reads[1]
    return {"part": "gancore-esrgan:real-esrgan", "scale": scale}
