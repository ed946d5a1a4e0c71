"""`gancore new`: writes a new plugin package."""

from pathlib import Path
from typing import Annotated

import typer

from gancore.console.terminal import say


def new(
    name: Annotated[str, typer.Argument(help="name of the plugin; mine makes gancore-mine")],
    output: Annotated[Path, typer.Option("--output", help="parent of the package folder")] = Path(),
) -> None:
    """Write a plugin package with a part, a recipe and passing tests."""
    from gancore.scaffold import next_steps
    from gancore.verbs.new import new

    say(next_steps(name, new(name, output=output)))
