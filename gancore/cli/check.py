"""`gancore check`: runs the contract kit on an installed plugin, or on one part."""

from typing import Annotated

import typer

from gancore.console.terminal import say


def check(
    name: Annotated[str, typer.Argument(help="a plugin or one part, e.g. gancore-dcgan or generator/dcgan")],
) -> None:
    """Check each part of a plugin, or one part, against the contracts of its kind."""
    from gancore.verbs.check import check

    results = check(name)
    say(results)
    if results.failed:
        raise typer.Exit(1)
