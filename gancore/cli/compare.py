"""`gancore compare`: several runs on one page."""

from pathlib import Path
from typing import Annotated

import typer


def compare(
    runs: Annotated[list[Path], typer.Argument(help="two run folders or more")],
    output: Annotated[Path, typer.Option("--output", help="the page to write")] = Path("compare.html"),
    samples: Annotated[
        int, typer.Option("--samples", min=0, help="images of each run to draw from the one seed; 0 for none")
    ] = 16,
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of these images")] = 0,
) -> None:
    """Lay runs side by side on one page: samples, scores, curves, alarms, and where the recipes differ."""
    from gancore.verbs.compare import compare

    typer.echo(compare(runs, output=output, samples=samples, seed=seed))
