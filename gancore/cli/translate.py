"""`gancore translate`: a folder of images, translated file by file."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say
from gancore.errors import shown


def translate(
    run: o.Run,
    images: Annotated[Path, typer.Argument(help="folder or zip of image files, or one image file")],
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="class of all images, if the translator reads labels: number or name; or a row of numbers; "
            "default: none",
        ),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit",
            help="crop, pad or stretch images of another size than the generator's; default: refuse them",
        ),
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="folder for the translations; default: RUN-translated"),
    ] = None,
) -> None:
    """Translate a folder of images with a trained translator; the same command continues after a stop."""
    from gancore.verbs.translate import translate

    done = translate(
        run,
        images,
        label=label,
        fit=fit,
        seed=seed,
        pipeline=pipeline,
        output=output or o.named(run, "-translated"),
    )
    say(done)
    for name, reason in done.refused:
        say(shown(f"{name}: {reason}"), err=True)
    if done.refused:
        raise typer.Exit(1)
