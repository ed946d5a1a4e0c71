"""`gancore list`: which parts there are."""

from typing import Annotated

import typer


def list_parts(
    kind: Annotated[str | None, typer.Argument(help="recipe, generator, loss, …; left out: all")] = None,
) -> None:
    """List the parts of all plugins, by kind."""
    from rich.console import Console
    from rich.table import Table

    from gancore.discovery import registry
    from gancore.errors import UnknownPart

    kinds = registry().kinds()
    if kind is not None and kind not in kinds:
        raise UnknownPart(f"there is no kind {kind!r}; known: {', '.join(kinds)}")
    table = Table("kind", "name", "plugin", "what it is", box=None, pad_edge=False)
    for offer in registry().offers(kind):
        table.add_row(offer.cls.kind, offer.cls.name, offer.distribution, first_line(offer.cls))
    Console().print(table)


def first_line(cls: type) -> str:
    """The first line of a docstring."""
    return (cls.__doc__ or "").strip().partition("\n")[0]
