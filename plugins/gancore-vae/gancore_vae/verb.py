"""The Python function of the command `gancore likelihood`."""

import os
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gancore.component.weights import load_from
from gancore.data import Data, ImageOptions
from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.progress import counted
from gancore.runs.folder import RunFolder
from gancore.runs.sources import open_source
from gancore_vae.estimate import Estimate, log_likelihood
from gancore_vae.likelihoods import Likelihood

BATCH = 512
"""Images read at a time."""


def likelihood(
    run: str | os.PathLike[str],
    *,
    data: str | os.PathLike[str] = "emoji",
    subset: str | None = None,
    count: int | None = None,
    samples: int = 100,
    seed: int = 0,
) -> Estimate:
    """Estimates the log-likelihood of images under a trained variational autoencoder.

    Args:
        run: folder of a run of a variational autoencoder.
        data: images to score; they are fitted to the size that the run was trained at.
        subset: train or test, of an IDX folder.
        count: score only this many images, from the first; default: all.
        samples: latents drawn per image.
        seed: seed of the latents.

    Raises:
        UserError: the run is not that of a variational autoencoder, it reads labels and the images have
            none, or `count` or `samples` is below 1.
    """
    if samples < 1 or (count is not None and count < 1):
        raise UserError(f"--samples and --count must be at least 1; got {samples} and {count}")
    trained = RunFolder(os.fspath(run))
    pipeline = trained.pipeline()
    channels, *size = pipeline.generator.image
    images = open_source(str(data), ImageOptions(size=size, channels=channels, subset=subset))
    order = np.arange(min(count or len(images), len(images)))
    batches = (images.rows(order[start : start + BATCH])["image"] for start in range(0, len(order), BATCH))
    return log_likelihood(
        pipeline,
        counted(batches, len(order)),
        labels=_labels(images, pipeline, len(order)) if pipeline.reads_labels else None,
        likelihood=_likelihood(trained, pipeline),
        samples=samples,
        seed=seed,
    )


def _labels(images: Data, pipeline: Pipeline, count: int) -> Sequence[Tensor]:
    classes = getattr(pipeline.labels, "classes", None)
    if images.labels is None or images.classes != classes:
        raise UserError(
            f"the run reads labels of {classes} classes, but these images have {images.classes or 'none'}; "
            "give images with the labels of the training"
        )
    return torch.split(torch.from_numpy(images.labels[:count]), BATCH)


def _likelihood(run: RunFolder, pipeline: Pipeline) -> Likelihood:
    recipe = run.recipe()
    likelihood = getattr(recipe, "likelihood", None)
    if not isinstance(likelihood, Likelihood):
        raise UserError(
            f"{run} was trained with {recipe.qualified_name}; "
            "`gancore likelihood` scores runs of a variational autoencoder, such as recipe/vae"
        )
    likelihood.bind(facts={"image": pipeline.generator.image}, by=pipeline.generator.qualified_name)
    if likelihood.state_dict():
        load_from(likelihood, f"{run}:likelihood")
    return likelihood
