"""`gancore check`: the contract kit over an installed plugin."""

from typing import Annotated

import typer


def check(distribution: Annotated[str, typer.Argument(help="name of a plugin, as gancore-dcgan")]) -> None:
    """Check every part of a plugin against the contracts of its kind."""
    from gancore.testing.report import check_distribution

    results = check_distribution(distribution)
    for result in results:
        typer.echo(
            f"{result.outcome:8} {result.part:32} {result.check:40} {result.seconds:6.2f} s  {result.reason}"
        )
    failed = sum(result.outcome == "failed" for result in results)
    typer.echo(f"{len(results) - failed} of {len(results)} checks passed")
    if failed:
        raise typer.Exit(1)
