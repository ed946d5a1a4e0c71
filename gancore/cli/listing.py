"""`gancore list`: which parts there are."""

from typing import Annotated

import typer


def list_parts(
    kind: Annotated[str | None, typer.Argument(help="recipe, generator, loss, …; left out: all")] = None,
) -> None:
    """List the parts of all plugins, by kind."""
    from rich.console import Console
    from rich.table import Table

    from gancore.component.discovery import registry
    from gancore.component.part import summary
    from gancore.component.registry import FORMER_KINDS
    from gancore.errors import UnknownPart

    kinds = registry().kinds()
    kind = FORMER_KINDS.get(kind or "", kind)
    if kind is not None and kind not in kinds:
        raise UnknownPart(f"there is no kind {kind!r}; known: {', '.join(kinds)}")
    table = Table("kind", "name", "plugin", "what it is", box=None, pad_edge=False)
    for found in registry().registrations(kind):
        table.add_row(found.cls.kind, found.cls.name, found.distribution, summary(found.cls))
    Console().print(table)
