"""`gancore import`: a published network as a pipeline, and as a recipe to go on with."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.errors import UserError
from gancore.runs.folder import RunFolder
from gancore_stylegan.published.fine_tuning import import_file


def import_network(
    file: Annotated[
        Path,
        typer.Argument(
            help="network pickle of StyleGAN2-ADA or StyleGAN3 (NVIDIA), or .pt of stylegan2-pytorch"
        ),
    ],
    output: Annotated[Path, typer.Option("--output", help="folder for pipeline and recipe; must not exist")],
    network: Annotated[
        str | None, typer.Option("--network", help="which generator of the file; left out: the averaged one")
    ] = None,
    noise: Annotated[
        str, typer.Option("--noise", help="StyleGAN2's noise outside of training: random, constant or none")
    ] = "random",
) -> None:
    """Turn published weights into a pipeline and a recipe, without running anything from their file."""
    if noise not in ("random", "constant", "none"):
        raise UserError(f"--noise is random, constant or none; got {noise!r}")
    pipeline, why = import_file(file, output, network, noise=noise)
    channels, height, width = pipeline.generator.image
    print(f"{output}: {pipeline.generator.qualified_name}, images of {height}×{width}, {channels} channels")
    recipe = RunFolder(output).recipe_file
    print(f"no recipe: {why}" if why else f"to train it further: gancore train {recipe} --data IMAGES")
