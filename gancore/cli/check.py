"""`gancore check`: runs the contract kit on an installed plugin."""

from typing import Annotated

import typer

from gancore.cli.terminal import say


def check(distribution: Annotated[str, typer.Argument(help="name of a plugin, e.g. gancore-dcgan")]) -> None:
    """Check each part of a plugin against the contracts of its kind."""
    from gancore.verbs.check import check

    results = check(distribution)
    say(results)
    if results.failed:
        raise typer.Exit(1)
