"""`gancore directions`: finds directions in latent space, written as a file and a grid."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import part_names, words
from gancore.console.terminal import say
from gancore.errors import shown


def directions(
    run: o.Run,
    method: Annotated[
        str,
        typer.Option(
            "--method",
            help="sefa: from weights; ganspace: principal components; linear: from a classifier or labels",
            autocompletion=words("sefa", "ganspace", "linear"),
        ),
    ] = "ganspace",
    count: Annotated[
        int | None,
        typer.Option("--count", min=1, help="number of directions (sefa and ganspace); default: 10"),
    ] = None,
    space: Annotated[
        str | None,
        typer.Option("--space", help="z or w (ganspace and linear); default: w if the generator has one"),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="coarse, middle, fine, or numbers such as 0-3 (sefa); default: all"),
    ] = None,
    activations: Annotated[
        str | None,
        typer.Option(
            "--activations", help="generator module to analyze (ganspace in z); default: the images"
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="classes (N,) or scores (N,) or (N, A) of the images of sample --count N --seed …, "
            "as a .npy file (linear); default: what --extractor sees",
        ),
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="classifier to use without labels (linear); default: fashion for gray, emoji for RGB",
            autocompletion=part_names("extractor"),
        ),
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="FILE.safetensors; a grid is written to FILE.png; default: RUN-METHOD.safetensors",
        ),
    ] = None,
) -> None:
    """Find directions in latent space, and show what each one changes."""
    from gancore.verbs.directions import directions

    target = output or o.named(run, f"-{method}.safetensors")
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
        device=device,
        output=target,
    )
    for name, value in found.about.get("held_out", {}).items():
        say(f"direction {shown(name)}  {found.about['measure']} {value:.3f}")
    say(f"{len(found)} directions in {found.space} in {target}; grid in {target.with_suffix('.png')}")
