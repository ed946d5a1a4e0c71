"""`gancore edit`: strips of images that move along a direction."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say

FAR = 100.0
"""Standard deviations; images degrade long before that."""


def edit(
    run: o.Run,
    directions: Annotated[Path, typer.Option("--directions", help="file written by gancore directions")],
    index: Annotated[
        str, typer.Option("--index", help="index of the direction; 0-3 for several, one row each")
    ] = "0",
    start: Annotated[
        float, typer.Option("--from", min=-FAR, max=FAR, help="leftmost shift, in standard deviations")
    ] = -3.0,
    end: Annotated[float, typer.Option("--to", min=-FAR, max=FAR, help="rightmost shift")] = 3.0,
    steps: Annotated[int, typer.Option("--steps", min=2, help="images per strip")] = 7,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers", help="layers to move: coarse, middle, fine, or numbers such as 2-5; default: all"
        ),
    ] = None,
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="seeds of the images to edit, e.g. 1,2,3 or 4-9; default: 0")
    ] = None,
    code: Annotated[
        list[Path] | None,
        typer.Option("--code", help="code written by gancore invert, to start from; default: none"),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="class of the images from --seeds: number or name; or a row of numbers; "
            "default: drawn as in the data",
        ),
    ] = None,
    truncation: o.Truncation = 1.0,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="FILE.png for the strips; default: RUN-edit.png")
    ] = None,
) -> None:
    """Move images along directions, one strip each."""
    from gancore.verbs.edit import edit

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
        device=device,
        output=output or o.named(run, "-edit.png"),
    )
    say(f"{len(made) // steps} strips of {steps} images in {made.path}")
