"""`gancore list`: the available parts."""

from typing import Annotated

import typer


def list_parts(
    kind: Annotated[str | None, typer.Argument(help="recipe, generator, loss, …; default: all")] = None,
    pattern: Annotated[
        str | None, typer.Option("--pattern", help="of names, with * as a wildcard, e.g. *gan*; default: all")
    ] = None,
) -> None:
    """List the parts of all plugins, by kind."""
    from rich.console import Console
    from rich.table import Table

    from gancore.verbs.list_parts import list_parts

    found = list_parts(kind, pattern=pattern)
    table = Table("kind", "name", "plugin", "description", box=None, pad_edge=False)
    for part in found:
        table.add_row(part.kind, part.name, part.distribution, part.summary)
    Console().print(table)
