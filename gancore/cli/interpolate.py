"""`gancore interpolate`: a walk through latent space, as a grid, an animation or single frames."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.console.terminal import say


def interpolate(
    run: o.Run,
    seeds: Annotated[
        str | None,
        typer.Option(
            "--seeds", help="seeds to pass through, e.g. 1,2,3 or 4-9; default: --count latents of one seed"
        ),
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=2, help="number of latents to pass through if no seeds are given")
    ] = 6,
    seed: o.Seed = None,
    frames: Annotated[
        int | None, typer.Option("--frames", min=2, help="total frames; default: 24 per leg, 8 on a grid")
    ] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="spherical or linear; default: spherical in z, linear in w")
    ] = None,
    space: Annotated[str, typer.Option("--space", help="z: between latents; w: between their codes")] = "z",
    loop: Annotated[bool, typer.Option("--loop", help="return to the first")] = False,
    ease: Annotated[bool, typer.Option("--ease", help="slow down at each")] = False,
    label: o.Label = None,
    truncation: o.Truncation = 1.0,
    grid: Annotated[
        str, typer.Option("--grid", help="several walks side by side, columns x rows, e.g. 4x2")
    ] = "1x1",
    fps: Annotated[float, typer.Option("--fps", min=0.1, max=240, help="frames per second")] = 24.0,
    pipeline: o.Pipeline = None,
    device: o.Device = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="FILE.png for a grid, .gif, .apng, .webp, .mp4 (with ffmpeg), or a FOLDER of frames; "
            "default: RUN-walk.gif",
        ),
    ] = None,
) -> None:
    """Walk from latent to latent."""
    from gancore.verbs.interpolate import interpolate

    target = output or o.named(run, "-walk.gif")
    made = interpolate(
        run,
        seeds=seeds,
        count=count,
        seed=seed,
        frames=frames,
        kind=kind,
        space=space,
        loop=loop,
        ease=ease,
        label=label,
        truncation=truncation,
        grid=grid,
        fps=fps,
        pipeline=pipeline,
        device=device,
        output=target,
    )
    if target.suffix.lower() == ".png":
        say(f"{made.route.cells * made.route.legs} legs of {made.steps} images on a grid in {made.path}")
    else:
        say(f"{len(made)} frames, {made.seconds:.1f} s, in {made.path}")
