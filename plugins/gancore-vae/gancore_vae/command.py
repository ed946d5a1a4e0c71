"""`gancore likelihood`: the log-likelihood of images under a trained variational autoencoder."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say
from gancore_vae import verb


def likelihood(
    run: Annotated[Path, typer.Argument(help="folder of a run trained with recipe vae")],
    data: Annotated[str, typer.Option("--data", help="images to score")] = "emoji",
    subset: Annotated[
        str | None, typer.Option("--subset", help="train or test, of an IDX folder; default: train")
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", help="score only this many images, from the first; default: all")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", help="latents drawn per image")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="seed of the latents")] = 0,
) -> None:
    """Estimate it and say what was found."""
    found = verb.likelihood(run, data=data, subset=subset, count=count, samples=samples, seed=seed)
    say(f"{len(found.nats)} images, {samples} samples each")
    say(
        f"log-likelihood  {float(found.nats.mean()):.2f} nats per image, "
        f"{float(found.bits_per_dimension.mean()):.4f} bits per value"
    )
    say(f"evidence bound  {float(found.bound.mean()):.2f} nats per image")
