"""`gancore list`: which parts there are."""

from typing import Annotated

import typer


def list_parts(
    kind: Annotated[str | None, typer.Argument(help="recipe, generator, loss, …; left out: all")] = None,
    pattern: Annotated[
        str | None, typer.Option("--pattern", help="of names, with * for anything, as *gan*; left out: all")
    ] = None,
) -> None:
    """List the parts of all plugins, by kind."""
    from rich.console import Console
    from rich.table import Table

    from gancore.verbs.list_parts import list_parts

    found = list_parts(kind, pattern=pattern)
    table = Table("kind", "name", "plugin", "what it is", box=None, pad_edge=False)
    for part in found:
        table.add_row(part.kind, part.name, part.distribution, part.summary)
    Console().print(table)
