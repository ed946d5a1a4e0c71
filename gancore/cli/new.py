"""`gancore new`: a plugin package to begin with."""

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(help="name of the plugin, as mine: makes gancore-mine")],
    output: Annotated[Path, typer.Option("--output", help="where to put the package's folder")] = Path(),
) -> None:
    """Write a plugin package with a part, a recipe and tests that pass as written."""
    from gancore.scaffold import next_steps
    from gancore.verbs.new import new

    typer.echo(next_steps(name, new(name, output=output)))
