"""`gancore check`: the contract kit over an installed plugin."""

from typing import Annotated

import typer


def check(distribution: Annotated[str, typer.Argument(help="name of a plugin, as gancore-dcgan")]) -> None:
    """Check every part of a plugin against the contracts of its kind."""
    from gancore.verbs.check import check

    results = check(distribution)
    typer.echo(results)
    if results.failed:
        raise typer.Exit(1)
