"""`gancore mix`: a grid of images whose layers read codes from two different images."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say


def mix(
    run: o.Run,
    sources: Annotated[
        str, typer.Option("--sources", help="seeds whose styles are copied (columns), e.g. 1,2,3 or 4-9")
    ] = "0-5",
    destinations: Annotated[
        str, typer.Option("--destinations", help="seeds of the images that receive them (rows)")
    ] = "6-8",
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            help="layers to copy: coarse, middle, fine, or numbers such as 0-3; default: each third in turn",
        ),
    ] = None,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="FILE.png for the grid; default: RUN-mix.png")
    ] = None,
) -> None:
    """Mix styles: copy some layers of each source into each destination (Karras et al. 2018,
    arXiv:1812.04948, fig. 3).
    """
    from gancore.verbs.mix import mix

    made = mix(
        run,
        sources=sources,
        destinations=destinations,
        layers=layers,
        label=label,
        truncation=truncation,
        pipeline=pipeline,
        device=device,
        output=output or o.named(run, "-mix.png"),
    )
    columns = (made.columns or 1) - 1
    rows = len(made) // (columns + 1) - 1
    bands = 1 if layers else 3
    say(f"{rows // bands} × {columns} images for {bands} choice{'s'[: bands - 1]} of layers in {made.path}")
