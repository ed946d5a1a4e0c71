"""`gancore show`: prints a part as editable TOML."""

from typing import Annotated

import typer

from gancore.cli import options as o
from gancore.cli.completing import recipes
from gancore.errors import shown
from gancore.progress import tell


def show(
    name: Annotated[
        str,
        typer.Argument(
            help="a recipe (stylegan), a .toml file, or a part (hinge; loss/hinge if the name is ambiguous)",
            autocompletion=recipes,
        ),
    ],
    change: o.Set = None,
    text: Annotated[bool, typer.Option("--doc", help="print the documentation instead")] = False,
) -> None:
    """Print a recipe or part with all its options as TOML: `gancore show dcgan > mine.toml`."""
    from gancore.verbs.show import show

    written = show(name, set=change or [], doc=text)
    tell("")
    for line in written.removesuffix("\n").split("\n"):
        print(shown(line, len(line)))  # whole, however long it is
