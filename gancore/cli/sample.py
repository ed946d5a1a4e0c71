"""`gancore sample`: images drawn, translated or reconstructed by a run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import words
from gancore.console.terminal import say
from gancore.data.options import SOURCE_FROM

if TYPE_CHECKING:
    from gancore.verbs.pictures import Images


def sample(
    run: o.Run,
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="number of images; default: 64, or 8 for several truncations"),
    ] = None,
    seed: o.Seed = None,
    seeds: Annotated[
        str | None,
        typer.Option(
            "--seeds",
            help="one image for each of these seeds, e.g. 0-99,140; default: --count images of one seed",
        ),
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like",
            help="nvidia: the latents that the StyleGANs' released code draws for --seeds; "
            "default: gancore's own",
        ),
    ] = None,
    label: o.Label = None,
    truncation: Annotated[
        str,
        typer.Option(
            "--truncation",
            "--trunc",
            help="1 for none; values closer to 0 move images toward the mean; "
            "several, as 0.5,0.7,1: a row for each",
        ),
    ] = "1",
    truncation_layers: Annotated[
        int | None,
        typer.Option(
            "--truncation-layers", min=0, help="truncate only this many of the first layers; default: all"
        ),
    ] = None,
    threshold: o.Threshold = None,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    precision: o.Precision = None,
    set: Annotated[
        list[str] | None,
        typer.Option("--set", help="set an option of a part: sampler.temperature=0.9; default: as trained"),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", help="images to translate or reconstruct instead of sampling; default: none"),
    ] = None,
    source_from: Annotated[
        str | None,
        typer.Option(
            "--source-from",
            help="make the source of each image of --data: its left or right half, gray, edges, smaller-2, "
            "smaller-3 or smaller-4; default: the images are the sources",
            autocompletion=words(*SOURCE_FROM),
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="FILE.png for a grid, FILE.npy, or a FOLDER for one file an image; default: RUN-samples.png",
        ),
    ] = None,
) -> None:
    """Draw images from a trained run."""
    from gancore.verbs.sample import sample

    made = sample(
        run,
        count=count,
        seed=seed,
        seeds=seeds,
        like=like,
        label=label,
        truncation=truncation,
        truncation_layers=truncation_layers,
        threshold=threshold,
        pipeline=pipeline,
        device=device,
        precision=precision,
        set=set or (),
        data=data,
        source_from=source_from,
        output=output or o.named(run, "-samples.png"),
        hold=False,
    )
    say(_where(made))
    if made.note:
        say(made.note, err=True)


def _where(made: "Images") -> str:
    suffix = "" if made.path is None else made.path.suffix
    if suffix == ".npy":
        return f"{len(made)} images as an array {(len(made), *made.images.shape[1:])} in {made.path}"
    return f"{len(made)} images{' on a grid' if suffix else ''} in {made.path}"
