"""`gancore report`: the report page of a run."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.cli.completing import run_folders
from gancore.console.terminal import say


def report(run: Annotated[Path, typer.Argument(help="run folder", autocompletion=run_folders)]) -> None:
    """Write RUN/report.html: curves, sample timeline and recipe in one file."""
    from gancore.verbs.report import report

    say(report(run))
