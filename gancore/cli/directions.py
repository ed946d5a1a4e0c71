"""`gancore directions`: directions in latent space that change one thing, as a file and a grid."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o


def directions(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="sefa: from weights; ganspace: principal ones; linear: of what a classifier or labels say",
        ),
    ] = "ganspace",
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="directions to find, by sefa and ganspace; left out: 10"),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--space", help="z or w, by ganspace and linear; left out: w where there is one"),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="by sefa: coarse, middle, fine, or numbers as 0-3; left out: all"),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations", help="by ganspace in z: the module of the generator to look at; left out: images"
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="by linear: .npy of classes (N,) or scores (N,) or (N, "
            "A) of the images of sample --count N --seed …",
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="by linear without labels: whose classes; left out: fashion for gray, emoji for RGB",
        ),
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="FILE.safetensors; a grid goes beside it, FILE.png")
    ] = None,
) -> None:
    """Find directions in latent space, and show where each leads."""
    from gancore.cli.progress import bars
    from gancore.verbs.directions import directions

    target = output or o.named(run, f"-{method}.safetensors")
    with bars() as progress:
        found = directions(
            run,
            method=method,
            count=count,
            space=space,
            layers=layers,
            activations=activations,
            labels=labels,
            extractor=extractor,
            seed=seed,
            pipeline=pipeline,
            output=target,
            progress=progress,
        )
    for name, value in found.about.get("held_out", {}).items():
        typer.echo(f"direction {name}  {found.about['measure']} {value:.3f}")
    typer.echo(f"{len(found)} directions in {found.space} in {target}, a grid beside it")
