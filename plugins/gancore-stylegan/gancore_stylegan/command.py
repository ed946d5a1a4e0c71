"""`gancore import`: a published network as a pipeline."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.errors import UserError
from gancore_stylegan.importing import import_generator
from gancore_stylegan.published import read_networks


def import_network(
    file: Annotated[Path, typer.Argument(help="network pickle of NVIDIA's StyleGAN2-ADA or StyleGAN3")],
    output: Annotated[Path, typer.Option("--output", help="folder for the pipeline; must not exist")],
    network: Annotated[str, typer.Option("--network", help="which network of the file")] = "G_ema",
) -> None:
    """Turn published weights into a pipeline, without running anything from their file."""
    if output.exists():
        raise UserError(f"{output} exists already; give --output a new folder")
    networks = read_networks(file)
    if network not in networks:
        raise UserError(f"{file} has the networks {', '.join(networks)}; choose one of them with --network; got {network!r}")
    pipeline = import_generator(networks[network])
    pipeline.save(output)
    channels, height, width = pipeline.generator.image
    print(f"{output}: {pipeline.generator.address}, images of {height}×{width}, {channels} channels")
