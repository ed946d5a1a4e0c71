"""`gancore import`: a published network as a pipeline, and as a recipe to train further."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.runs.folder import RunFolder
from gancore_stylegan.published.verb import import_


def import_network(
    file: Annotated[
        Path,
        typer.Argument(
            help="network pickle of StyleGAN2-ADA or StyleGAN3 (NVIDIA), or .pt file of stylegan2-pytorch"
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", help="folder for the pipeline and the recipe; must not exist")
    ],
    network: Annotated[
        str | None, typer.Option("--network", help="which generator of the file; default: the averaged one")
    ] = None,
    noise: Annotated[
        str, typer.Option("--noise", help="StyleGAN2's noise outside of training: random, constant or none")
    ] = "random",
) -> None:
    """Import the file and say what it held."""
    made = import_(file, output=output, network=network, noise=noise)
    generator = made.pipeline.generator
    channels, height, width = generator.image
    print(f"{output}: {generator.qualified_name}, images of {height}×{width}, {channels} channels")
    print(
        f"no recipe: {made.no_recipe}"
        if made.no_recipe
        else f"to train it further: gancore train {RunFolder(output).recipe_file} --data IMAGES"
    )
