"""`gancore likelihood`: how probable a trained variational autoencoder finds images."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from gancore.component.weights import load_from
from gancore.data import ImageOptions
from gancore.errors import UserError
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.runs.sources import open_source
from gancore_vae.estimate import Estimate, log_likelihood
from gancore_vae.likelihoods import Likelihood
from gancore_vae.recipe import VAE

BATCH = 512
"""Images read at a time."""


def likelihood(
    run: Annotated[Path, typer.Argument(help="folder of a training with recipe vae")],
    data: Annotated[str, typer.Option("--data", help="images to score")] = "emoji",
    subset: Annotated[str | None, typer.Option("--subset", help="train or test, of an IDX folder")] = None,
    count: Annotated[
        int | None, typer.Option("--count", help="score the first so many images; left out: all")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", help="latents drawn for each image")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="seed of the latents")] = 0,
) -> None:
    """Estimate the log-likelihood of images under a trained variational autoencoder."""
    found = score(run, data, subset=subset, count=count, samples=samples, seed=seed)
    print(f"{len(found.nats)} images, {samples} samples each")
    print(
        f"log-likelihood  {float(found.nats.mean()):.2f} nats an image, "
        f"{float(found.bits_per_dimension.mean()):.4f} bits a value"
    )
    print(f"evidence bound  {float(found.bound.mean()):.2f} nats an image")


def score(
    run: Path | str,
    data: str,
    *,
    subset: str | None = None,
    count: int | None = None,
    samples: int = 100,
    seed: int = 0,
) -> Estimate:
    """The estimate for the images of `data`, fitted to the size that the run was trained at.

    Raises:
        UserError: the run was not trained with recipe vae, or `count` or `samples` is below 1.
    """
    if samples < 1 or (count is not None and count < 1):
        raise UserError(f"--samples and --count are whole numbers from 1 up; got {samples} and {count}")
    trained = RunFolder(run)
    pipeline = trained.pipeline()
    channels, *size = pipeline.generator.image
    images = open_source(data, ImageOptions(size=size, channels=channels, subset=subset))
    order = np.arange(min(count or len(images), len(images)))
    batches = (images.rows(order[start : start + BATCH])["image"] for start in range(0, len(order), BATCH))
    return log_likelihood(
        pipeline, batches, likelihood=_likelihood(trained, pipeline), samples=samples, seed=seed
    )


def _likelihood(run: RunFolder, pipeline: Pipeline) -> Likelihood:
    recipe = run.recipe()
    if not isinstance(recipe, VAE):
        raise UserError(
            f"{run} was trained with {recipe.qualified_name}; `gancore likelihood` scores runs of recipe/vae"
        )
    made = recipe.likelihood
    made.bind(facts={"image": pipeline.generator.image}, by=pipeline.generator.qualified_name)
    if made.state_dict():
        load_from(made, f"{run}:likelihood")
    return made
