"""`gancore compare`: a page that compares several runs."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli.completing import run_folders
from gancore.console.terminal import say


def compare(
    runs: Annotated[list[Path], typer.Argument(help="two or more run folders", autocompletion=run_folders)],
    output: Annotated[Path, typer.Option("--output", help="the page to write")] = Path("compare.html"),
    samples: Annotated[
        int,
        typer.Option("--samples", min=0, help="images to draw from each run with the same seed; 0 for none"),
    ] = 16,
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of these images")] = 0,
) -> None:
    """Compare runs side by side on one page: samples, scores, curves, alarms, and recipe differences."""
    from gancore.verbs.compare import compare

    say(compare(runs, output=output, samples=samples, seed=seed))
