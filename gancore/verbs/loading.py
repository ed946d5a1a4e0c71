"""Trained networks, loaded from any folder that holds them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from gancore.component.interfaces import Extractor, ImageShape
from gancore.component.specs import build
from gancore.errors import UserError
from gancore.latent.wanted_label import Wanted, wanted_label
from gancore.measure.extractors import default_extractor
from gancore.pipeline import Pipeline
from gancore.progress import tell
from gancore.runs.opening import load_pipeline
from gancore.runs.settings import Settings, device_named

Run = str | os.PathLike[str] | Pipeline
"""Folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`."""


def load(path: Run, name: str | None = None, device: str | None = None) -> Pipeline:
    """The pipeline of a run, one of its checkpoints, a folder written by `Pipeline.save`, or an import.

        pipeline = gancore.load("runs/0001-dcgan")
        images = pipeline.sample(16, seed=0)

    `name` chooses among several, e.g. `backward`; default: the first. `device` is auto, cpu, cuda, cuda:1 or
    mps, to which the pipeline is moved; default: cpu. A `Pipeline` is returned as it is, moved if a device is
    named.

    Raises:
        RunError: there is no pipeline. UserError: none of that name, or no such device. CheckpointError: it
        is damaged.
    """
    if isinstance(path, Pipeline):
        return path if device is None else path.to(device_named(device))
    tell(f"opening {path}")
    return load_pipeline(Path(path), name, device)


def precision_for(pipeline: Pipeline, name: str | None) -> str:
    """The precision of that name: float32, bf16, or `auto` for bf16 where the pipeline's device has
    instructions for it; default: float32. Raises UserError for another name.
    """
    if name is None:
        return "float32"
    return Settings.of(precision=name, device=str(pipeline.device)).precision


def with_latents(run: Run, name: str | None = None, device: str | None = None) -> Pipeline:
    """Like `load`, for a pipeline that draws latents. Raises UserError if it needs images to work on."""
    pipeline = load(run, name, device)
    if pipeline.sampler is None:
        raise UserError(
            f"{pipeline.generator.qualified_name} {pipeline.product} images, so it has no latent space; "
            "give another run"
        )
    return pipeline


def drawn(
    pipeline: Pipeline, seeds: Sequence[int], label: Wanted | None = None
) -> tuple[Tensor, Tensor | None]:
    """The latent of each seed, that of `gancore sample --count 1 --seed …`, and their labels if any."""
    mark = wanted_label(pipeline, label)
    latents, labels = zip(*(pipeline.draw(1, seed=seed, label=mark) for seed in seeds), strict=True)
    return torch.cat(latents), None if labels[0] is None else torch.cat(labels)


def chosen_extractor(name: str | None, image: ImageShape) -> Extractor:
    """The extractor of that name, or the default one, for images of that shape. Raises like `build`, and
    FitError if it reads images of another shape.
    """
    if name is None:
        return default_extractor(image)
    made = cast(Extractor, build({"part": name}, "extractor"))
    made.bind(by="the generator", facts={"image": tuple(image)})
    return made
