"""Recipes by name or file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from gancore.component.bounded import bounded_by_machine
from gancore.component.creating import changed
from gancore.component.specs import build, read_toml
from gancore.recipes.base import Recipe
from gancore.runs.transfer import start_from
from gancore.verbs.words import Changes, changes_of


def recipe_of(
    name: str | Path, changes: Changes = (), networks: Mapping[str, dict[str, Any]] | None = None
) -> Recipe:
    """The recipe of a name or a `.toml` file, with trained networks in its seats and changes applied.

    Raises:
        SpecError: a change without `=`. Otherwise raises like `gancore.component.specs.build`.
    """
    words = str(name)
    table = (
        read_toml(Path(words)) if words.lower().endswith(".toml") else {"part": words.removeprefix("recipe/")}
    )
    if networks:
        table = start_from(table, networks)
    with bounded_by_machine():
        return cast(Recipe, build(changed(table, changes_of(changes))))
