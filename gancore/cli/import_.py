"""`gancore import`: a published network as a pipeline, and as a recipe to train further."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say


def import_network(
    file: Annotated[
        Path,
        typer.Argument(
            help="published weights that an installed plugin reads, such as a network pickle of StyleGAN3"
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", help="folder for the pipeline and the recipe; must not exist")
    ],
    network: Annotated[
        str | None, typer.Option("--network", help="which generator of the file; default: the averaged one")
    ] = None,
    discriminator: Annotated[
        Path | None,
        typer.Option(
            "--discriminator", help="file of the discriminator, if it is another one; default: the same file"
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            "--noise",
            help="noise outside of training: random, constant or none for StyleGAN2, none or random for "
            "Pix2Pix; default: the first of them",
        ),
    ] = None,
) -> None:
    """Turn published weights into a pipeline and a recipe, without executing anything in the file."""
    from gancore.runs.folder import RunFolder
    from gancore.verbs.import_ import import_

    made = import_(file, output=output, network=network, discriminator=discriminator, noise=noise)
    generator = made.pipeline.generator
    channels, height, width = generator.image
    say(f"{output}: {generator.qualified_name}, images of {height}×{width}, {channels} channels")
    say(
        f"no recipe: {made.no_recipe}"
        if made.no_recipe
        else f"to train it further: gancore train {RunFolder(output).recipe_file} --data IMAGES"
    )
