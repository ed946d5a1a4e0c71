"""`gancore runs`: the runs in a folder."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say
from gancore.errors import shown


def runs(
    folder: Annotated[Path, typer.Argument(help="folder of runs")] = Path("runs"),
    json_lines: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """List the runs in a folder: state, recipe, images seen and best score."""
    from gancore.verbs.list_runs import list_runs

    found = list_runs(folder)
    if json_lines:
        print(json.dumps([run.table() for run in found], indent=1))
    elif not sys.stdout.isatty():
        for run in found:
            print("\t".join("" if value is None else shown(value) for value in run.table().values()))
    else:
        say(found)
