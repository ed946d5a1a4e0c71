"""`gancore upscale`: a folder of pictures and videos, made larger file by file."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.cli.translate import (
    Alpha,
    Images,
    Label,
    Overlap,
    SourceFrom,
    Tile,
    continuing,
    tell_of,
)


def upscale(
    run: o.Run,
    images: Images,
    label: Label = None,
    source_from: SourceFrom = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    tile: Tile = None,
    overlap: Overlap = None,
    alpha: Alpha = None,
    precision: o.Precision = None,
    device: o.Device = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="folder for the larger images; default: RUN-upscaled"),
    ] = None,
) -> None:
    """Make pictures and videos larger with a trained network; the same command continues after a stop."""
    from gancore.verbs.upscale import upscale

    with continuing():
        done = upscale(
            run,
            images,
            label=label,
            source_from=source_from,
            seed=seed,
            pipeline=pipeline,
            tile=tile,
            overlap=overlap,
            alpha=alpha,
            precision=precision,
            device=device,
            output=output or o.named(run, "-upscaled"),
        )
    tell_of(done)
