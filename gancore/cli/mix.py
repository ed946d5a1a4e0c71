"""`gancore mix`: a grid on which some layers read the code of one image, and the others that of another."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o


def mix(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    sources: Annotated[
        str, typer.Option("--sources", help="seeds whose styles are copied, as 1,2,3 or 4-9: the columns")
    ] = "0-5",
    destinations: Annotated[
        str, typer.Option("--destinations", help="seeds of the images that receive them: the rows")
    ] = "6-8",
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            help="coarse, middle, fine, or numbers as 0-3: what is copied; left out: each third in turn",
        ),
    ] = None,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    pipeline: o.Pipeline = None,
    output: Annotated[Path | None, typer.Option("--output", help="FILE.png of the grid")] = None,
) -> None:
    """Mix styles: copy some layers of each source into each destination (Karras et al. 2018,
    arXiv:1812.04948, fig. 3).
    """
    from gancore.cli.progress import bars
    from gancore.verbs.mix import mix

    with bars() as progress:
        made = mix(
            run,
            sources=sources,
            destinations=destinations,
            layers=layers,
            label=label,
            truncation=truncation,
            pipeline=pipeline,
            output=output or o.named(run, "-mix.png"),
            progress=progress,
        )
    columns = (made.columns or 1) - 1
    rows = len(made) // (columns + 1) - 1
    bands = 1 if layers else 3
    typer.echo(
        f"{rows // bands} × {columns} images for {bands} choice{'s'[: bands - 1]} of layers in {made.path}"
    )
