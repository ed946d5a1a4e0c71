"""`gancore interpolate`: a walk through latent space, as a grid, a moving picture or single frames."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gancore.cli import options as o
from gancore.cli.latents import drawn, numbers_of, shown

if TYPE_CHECKING:
    from torch import Tensor

    from gancore.latent.interpolate import Kind
    from gancore.latent.route import Route
    from gancore.latent.walk import Walk

LEG = 24
GRID_LEG = 8


def interpolate(
    run: Annotated[Path, typer.Argument(help="run folder, or the folder of a pipeline")],
    seeds: Annotated[
        str | None, typer.Option("--seeds", help="seeds to lead through, as 1,2,3 or 4-9")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=2, help="lead through so many latents, where no seeds are given")
    ] = 6,
    seed: o.Seed = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=2, help="frames in all; left out: 24 a leg, 8 on a grid")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="spherical or linear; left out: spherical in z, linear in w")
    ] = None,
    space: Annotated[
        str, typer.Option("--space", help="z: between latents; w: between the codes made of them")
    ] = "z",
    loop: Annotated[bool, typer.Option("--loop", help="lead back to the first")] = False,
    ease: Annotated[bool, typer.Option("--ease", help="halt a little at each")] = False,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    grid: Annotated[
        str, typer.Option("--grid", help="several walks beside each other, as 4x2: columns x rows")
    ] = "1x1",
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=240, help="frames a second")] = 24.0,
    pipeline: o.Pipeline = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="FILE.png for a grid, .gif, .apng, .webp, .mp4 (with ffmpeg), or a FOLDER of frames",
        ),
    ] = None,
) -> None:
    """Walk from latent to latent."""
    from gancore.latent.route import Route
    from gancore.latent.walk import Walk
    from gancore.pictures.animation import check_animation

    target = output or Path(f"{run.resolve().name}-walk.gif")
    columns, rows = _grid(grid)
    numbers = None if seeds is None else numbers_of("--seeds", seeds)
    still = target.suffix.lower() == ".png"
    if not still:
        check_animation(target, fps)
    walk = Walk.load(run, pipeline)
    keys = _keys(walk, numbers, count * columns * rows, seed or 0, label)
    way = cast("Kind", kind or ("linear" if space == "w" else "spherical"))
    route = Route(walk, *keys, columns * rows, space, way, loop, ease, truncation)
    route.check()
    if still:
        typer.echo(_write_grid(route, frames, target))
    else:
        typer.echo(_write_animation(route, frames or LEG * route.legs, columns, fps, target))


def _grid(words: str) -> tuple[int, int]:
    from gancore.errors import UserError

    columns, by, rows = words.lower().partition("x")
    if not (by and columns.isdecimal() and rows.isdecimal() and 0 < int(columns) * int(rows) <= 1024):
        raise UserError(f"--grid is columns x rows, as 4x2; got {words!r}")
    return int(columns), int(rows)


def _keys(
    walk: "Walk", seeds: list[int] | None, count: int, seed: int, label: int | None
) -> "tuple[Tensor, Tensor | None]":
    import torch

    if not seeds:
        return walk.pipeline.draw(
            count, seed=seed, label=None if label is None else torch.full((count,), label)
        )
    return drawn(walk.pipeline, seeds, label)


def _write_grid(route: "Route", frames: int | None, target: Path) -> str:
    import torch

    from gancore.pictures.grid import save_grid

    columns = GRID_LEG if frames is None else max(2, round(frames / route.legs))
    codes = route.leg_codes(columns)
    images = torch.cat(list(shown(route.walk.pipeline, codes.flatten(0, 1))))
    target.parent.mkdir(parents=True, exist_ok=True)
    save_grid(images, target, columns=columns)
    return f"{len(codes)} legs of {columns} images on a grid in {target}"


def _write_animation(route: "Route", frames: int, columns: int, fps: float, target: Path) -> str:
    from gancore.pictures.animation import save_animation, tiled

    images = shown(route.walk.pipeline, route.codes(frames).flatten(0, 1))
    save_animation((tiled(each, columns) for each in _grouped(images, route.cells)), target, fps=fps)
    return f"{frames} frames, {frames / fps:.1f} s, in {target}"


def _grouped(images: "Iterable[Tensor]", size: int) -> "Iterator[Tensor]":
    import torch

    waiting: list[Tensor] = []
    for batch in images:
        for image in batch:
            waiting.append(image)
            if len(waiting) == size:
                yield torch.stack(waiting)
                waiting = []
