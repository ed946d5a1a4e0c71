"""`gancore mix`: a grid on which some layers read the code of one image, and the others that of another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli import options as o
from gancore.cli.latents import drawn, layers_named, loaded, numbers_of, shown
from gancore.cli.outputs import check_picture

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import Tensor

    from gancore.pipeline import Pipeline


def mix(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    sources: Annotated[
        str, typer.Option("--sources", help="seeds whose styles are copied, as 1,2,3 or 4-9: the columns")
    ] = "0-5",
    destinations: Annotated[
        str, typer.Option("--destinations", help="seeds of the images that receive them: the rows")
    ] = "6-8",
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            help="coarse, middle, fine, or numbers as 0-3: what is copied; left out: each third in turn",
        ),
    ] = None,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    pipeline: o.Pipeline = None,
    output: Annotated[Path | None, typer.Option("--output", help="FILE.png of the grid")] = None,
) -> None:
    """Mix styles: copy some layers of each source into each destination (Karras et al. 2018,
    arXiv:1812.04948, fig. 3).
    """
    from gancore.errors import UserError
    from gancore.latent.codes import codes_of
    from gancore.latent.mixing import BANDS, layers_of
    from gancore.pictures.grid import save_grid

    target = output or Path(f"{run.resolve().name}-mix.png")
    check_picture(target)
    columns, rows = numbers_of("--sources", sources), numbers_of("--destinations", destinations)
    chosen = loaded(run, pipeline)
    total = layers_of(chosen.generator.code_shape)
    if not total:
        shape = tuple(chosen.generator.code_shape)
        raise UserError(
            f"{chosen.generator.qualified_name} reads one code {shape} for the whole image, "
            "so there are no layers to mix"
        )
    bands = [layers_named(words, total) for words in ([layers] if layers else BANDS)]
    source, destination = (
        codes_of(chosen, *drawn(chosen, seeds, label), truncation=truncation) for seeds in (columns, rows)
    )
    grid = _grid(chosen, source, destination, bands)
    target.parent.mkdir(parents=True, exist_ok=True)
    save_grid(grid, target, columns=len(columns) + 1)
    typer.echo(
        f"{len(rows)} × {len(columns)} images for {len(bands)} choice{'s'[: len(bands) - 1]} of layers in "
        f"{target}"
    )


def _grid(
    pipeline: "Pipeline", source: "Tensor", destination: "Tensor", bands: "list[Collection[int]]"
) -> "Tensor":
    """The sources in the first row; below, for each choice of layers, each destination and what becomes of
    it.
    """
    import torch

    from gancore.latent.mixing import mixing_table

    tables = [
        torch.cat([destination[:, None], mixing_table(destination, source, band)], 1).flatten(0, 1)
        for band in bands
    ]
    images = torch.cat(list(shown(pipeline, torch.cat([source, *tables]))))
    return torch.cat([torch.ones_like(images[:1]), images])
