"""`gancore invert`: the codes of real images, and a generator tuned to them."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import part_names
from gancore.console.terminal import say


def invert(
    run: o.Run,
    images: Annotated[
        list[Path], typer.Argument(help="image files (PNG, JPEG, WEBP or BMP), or folders of them")
    ],
    space: Annotated[
        str | None,
        typer.Option(
            "--space",
            help="w: one code; w+: one code per layer; z: a latent; default: w if the generator has one",
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="optimization steps; default: 1000")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(
            "--extractor",
            help="extractor of the features to match (`gancore list extractor`); default: fashion or emoji",
            autocompletion=part_names("extractor"),
        ),
    ] = None,
    pixels: Annotated[
        float | None,
        typer.Option(
            "--pixels", min=0, help="weight of the pixel loss relative to the feature loss; default: 1"
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            "--label",
            help="class of the images, if the run is conditional: number or name; or a row of numbers; "
            "default: drawn as in the data",
        ),
    ] = None,
    fit: Annotated[
        str | None,
        typer.Option("--fit", help="crop, pad or stretch images of another size; default: refuse them"),
    ] = None,
    tune: Annotated[
        bool,
        typer.Option("--tune", help="then tune the generator to the images, saved as a separate pipeline"),
    ] = False,
    tune_steps: Annotated[
        int | None, typer.Option("--tune-steps", min=1, help="tuning steps; default: 350")
    ] = None,
    seed: o.Seed = None,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[Path | None, typer.Option("--output", help="new folder; default: RUN-inverted")] = None,
) -> None:
    """Project images into latent space: find the codes that reproduce them."""
    from gancore.verbs.invert import invert

    found = invert(
        run,
        images,
        space=space,
        steps=steps,
        extractor=extractor,
        pixels=pixels,
        label=label,
        fit=fit,
        tune=tune,
        tune_steps=tune_steps,
        seed=seed,
        pipeline=pipeline,
        device=device,
        output=output or o.named(run, "-inverted"),
    )
    say(found)
    say(f"codes, reconstructions and distances in {found.path}")
