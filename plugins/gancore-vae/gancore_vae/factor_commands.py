"""`gancore write-shapes` and `gancore disentanglement`: known factors, and what codes know of them."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say
from gancore_vae import factor_verbs


def write_shapes(
    output: Annotated[Path, typer.Argument(help="array to write, .npy")],
    count: Annotated[int, typer.Option("--count", help="images")] = 20_000,
    size: Annotated[int, typer.Option("--size", help="height and width in pixels")] = 32,
    seed: Annotated[int, typer.Option("--seed", help="seed of the factors")] = 0,
) -> None:
    """Write the images and say where."""
    path = factor_verbs.write_shapes(output, count=count, size=size, seed=seed)
    say(f"{count} images of shapes, {size}×{size}: {path}")


def disentanglement(
    run: Annotated[Path, typer.Argument(help="folder of a run trained on shapes")],
    count: Annotated[int, typer.Option("--count", help="new images to encode")] = 5000,
    seed: Annotated[int, typer.Option("--seed", help="seed of their factors")] = 1,
) -> None:
    """Encode new images and say what was found."""
    found = factor_verbs.disentanglement(run, count=count, seed=seed)
    say(f"MIG              {found.mig:.3f}")
    say(f"disentanglement  {found.dci.disentanglement:.3f}")
    say(f"completeness     {found.dci.completeness:.3f}")
    say(f"error            {found.dci.error:.3f} standard deviations")
