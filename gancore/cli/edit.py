"""`gancore edit`: strips along which an image changes in one direction."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.latents import drawn, layers_named, loaded, numbers_of, waiting
from gancore.cli.outputs import check_picture

if TYPE_CHECKING:
    from torch import Tensor

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
    import torch

    from gancore.latent.codes import load_code
    from gancore.latent.direction_file import DirectionSet
    from gancore.latent.editing import edited_code, edited_latent
    from gancore.latent.inversion import render_inverted
    from gancore.latent.mixing import layers_of
    from gancore.pictures.grid import save_grid

    target = output or Path(f"{run.resolve().name}-edit.png")
    check_picture(target)
    if code and not seeds:
        _check_codes_alone(label, truncation)
    chosen, found = loaded(run, pipeline), DirectionSet.load(directions)
    only = None if layers is None else layers_named(layers, layers_of(chosen.generator.code_shape))
    amounts = torch.linspace(start, end, steps, dtype=torch.float64).tolist()
    rows: list[Tensor] = []
    with waiting("moving images"):
        for number in numbers_of("--index", index):
            for seed in numbers_of("--seeds", seeds or "0") if seeds or not code else []:
                moved = edited_latent(
                    chosen,
                    found,
                    number,
                    amounts,
                    *drawn(chosen, [seed], label),
                    layers=only,
                    truncation=truncation,
                )
                rows.append(render_inverted(chosen, moved))
            for file in code or []:
                pivot, noise = load_code(file, chosen)
                rows.append(
                    render_inverted(
                        chosen, edited_code(chosen, found, number, amounts, pivot, layers=only), noise
                    )
                )
    target.parent.mkdir(parents=True, exist_ok=True)
    save_grid(torch.cat(rows), target, columns=steps)
    typer.echo(f"{len(rows)} strips of {steps} images in {target}")


def _check_codes_alone(label: int | None, truncation: float) -> None:
    from gancore.errors import UserError

    if label is not None or truncation != 1:
        option = "--truncation" if label is None else "--label"
        raise UserError(
            f"{option} belongs to images of seeds, and --code gives codes as they are; "
            "leave it out, or give --seeds too"
        )
