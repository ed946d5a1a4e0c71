"""`gancore table`: runs by rows."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.errors import shown


def table(
    runs: Annotated[list[Path], typer.Argument(help="run folders")],
    csv: Annotated[
        bool, typer.Option("--csv", help="print comma-separated values in place of Markdown")
    ] = False,
) -> None:
    """Print runs as a table: what differs, images seen, and scores with their protocol."""
    from gancore.verbs.table import table

    found = table(runs)
    for line in (found.to_csv() if csv else found.to_markdown()).splitlines():
        print(shown(line, len(line)))  # whole, however many columns there are
