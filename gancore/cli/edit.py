"""`gancore edit`: strips along which an image changes in one direction."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o

FAR = 100.0
"""Standard deviations; images fall apart long before."""


def edit(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    directions: Annotated[Path, typer.Option("--directions", help="file that gancore directions wrote")],
    index: Annotated[
        str, typer.Option("--index", help="which direction, by its number; several as 0-3, each a row")
    ] = "0",
    start: Annotated[
        float, typer.Option("--from", min=-FAR, max=FAR, help="how far at the left, in standard deviations")
    ] = -3.0,
    end: Annotated[float, typer.Option("--to", min=-FAR, max=FAR, help="how far at the right")] = 3.0,
    steps: Annotated[int, typer.Option("--steps", min=2, help="images in a strip")] = 7,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="coarse, middle, fine, or numbers as 2-5: which move; left out: all"),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="images to start from, as 1,2,3 or 4-9; left out: 0")
    ] = None,
    code: Annotated[
        list[Path] | None, typer.Option("--code", help="code that gancore invert wrote, to start from")
    ] = None,
    label: Annotated[
        int | None,
        typer.Option("--label", min=0, help="class of the images of seeds; left out: as in the data"),
    ] = None,
    truncation: o.Truncation = 1.0,
    pipeline: o.Pipeline = None,
    output: Annotated[Path | None, typer.Option("--output", help="FILE.png of the strips")] = None,
) -> None:
    """Move images along directions, a strip each."""
    from gancore.cli.progress import bars
    from gancore.verbs.edit import edit

    with bars() as progress:
        made = edit(
            run,
            directions=directions,
            index=index,
            from_=start,
            to=end,
            steps=steps,
            layers=layers,
            seeds=seeds,
            code=code,
            label=label,
            truncation=truncation,
            pipeline=pipeline,
            output=output or o.named(run, "-edit.png"),
            progress=progress,
        )
    typer.echo(f"{len(made) // steps} strips of {steps} images in {made.path}")
