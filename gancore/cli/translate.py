"""`gancore translate`: a folder of pictures and videos, translated file by file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import words
from gancore.console.terminal import say
from gancore.data.options import SOURCE_FROM
from gancore.errors import shown

if TYPE_CHECKING:
    from gancore.verbs.translating.folder import Translations

Images = Annotated[Path, typer.Argument(help="folder or zip of image files, or one image file or video")]
Label = Annotated[
    str | None,
    typer.Option(
        "--label",
        help="class of all images, if the translator reads labels: number or name; or a row of numbers; "
        "default: none",
    ),
]
SourceFrom = Annotated[
    str | None,
    typer.Option(
        "--source-from",
        help="what of each image is translated: its left or right half, or gray, edges, smaller-2, smaller-3 "
        "or smaller-4 made of it as in training; default: the image, made gray where the network reads gray",
        autocompletion=words(*SOURCE_FROM),
    ),
]
Tile = Annotated[
    int | None,
    typer.Option(
        "--tile",
        min=0,
        help="longest side of the pieces that larger images are made from, in pixels that are read; "
        "0: never; default: as many as make 1024",
    ),
]
Overlap = Annotated[
    int | None,
    typer.Option(
        "--overlap",
        min=0,
        help="pixels of its neighbors that a tile reads too, on each side; default: 32",
    ),
]
Alpha = Annotated[
    str | None,
    typer.Option(
        "--alpha",
        help="keep it, resized; send it through the network as a gray picture (network); or lay images on "
        "white or black; default: keep",
        autocompletion=words("keep", "network", "white", "black"),
    ),
]


def translate(
    run: o.Run,
    images: Images,
    label: Label = None,
    fit: Annotated[
        str | None,
        typer.Option(
            "--fit",
            help="crop, pad or stretch images of another size than the generator's; default: refuse them",
        ),
    ] = None,
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
        typer.Option("--output", help="folder for the translations; default: RUN-translated"),
    ] = None,
) -> None:
    """Translate pictures and videos with a trained translator; the same command continues after a stop."""
    from gancore.verbs.translate import translate

    with continuing():
        done = translate(
            run,
            images,
            label=label,
            fit=fit,
            source_from=source_from,
            seed=seed,
            pipeline=pipeline,
            tile=tile,
            overlap=overlap,
            alpha=alpha,
            precision=precision,
            device=device,
            output=output or o.named(run, "-translated"),
        )
    tell_of(done)


@contextmanager
def continuing() -> Iterator[None]:
    """Says on Ctrl-C how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        say("what is made so far is whole, and the same command continues", err=True)
        raise


def tell_of(done: "Translations") -> None:
    """Says what became of the files, and exits with 1 where one was refused."""
    say(done)
    for note in done.notes:
        say(shown(note), err=True)
    for name, reason in done.refused:
        say(shown(f"{name}: {reason}"), err=True)
    if done.refused:
        raise typer.Exit(1)
