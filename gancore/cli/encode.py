"""`gancore encode`: the codes that a run's encoder gives to images."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say


def encode(
    run: o.Run,
    data: Annotated[str, typer.Option("--data", help="images: a folder, zip, IDX or .npy file, or emoji")],
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="auto, folders or a file of labels, for an encoder that reads labels and for the purity of "
            "clusters; default: auto if the encoder reads labels",
        ),
    ] = None,
    fit: o.Fit = None,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="FILE.npy; file names go to FILE.json; default: RUN-codes.npy"),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page", help="FILE.html to show clusters and nearest neighbors of the codes; default: no page"
        ),
    ] = None,
) -> None:
    """Encode images with the encoder of a trained run."""
    from gancore.verbs.encode import encode

    found = encode(
        run,
        data,
        labels=labels,
        fit=fit,
        pipeline=pipeline,
        device=device,
        output=output or o.named(run, "-codes.npy"),
        page=page,
    )
    names = f", file names in {found.path.with_suffix('.json')}" if found.path and found.names else ""
    say(f"{len(found)} codes {tuple(found.codes.shape[1:])} in {found.path}{names}")
    if found.labels is not None and found.codes.is_floating_point():
        count = found.data.classes
        say(f"cluster purity {found.purity():.3f} ({count} clusters of codes by k-means, {count} classes)")
    if page is not None:
        say(f"clusters and nearest neighbors in {page}")
