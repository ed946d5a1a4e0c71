"""From the user's words to a recipe."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gancore.errors import SpecError

if TYPE_CHECKING:
    from gancore.recipes.base import Recipe


def recipe_of(
    words: str, changes: Sequence[str], networks: Mapping[str, dict[str, Any]] | None = None
) -> "Recipe":
    """The recipe of a name or a `.toml` file, with trained networks in its seats, and `path=value` changes
    put over it.

    Raises:
        SpecError and its like: see `gancore.component.specs.build`; a change without `=`.
    """
    from gancore.component.specs import assign, build, open_seats, read_toml, spec

    table: dict[str, Any] = read_toml(Path(words)) if words.endswith(".toml") else {"part": words}
    if networks:
        from gancore.runs.transfer import start_from

        table = start_from(table, networks)
    if changes and not open_seats(table):
        table = spec(build(table))
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals or not path:
            raise SpecError(f"--set takes path=value, as generator.width=96; got {change!r}")
        assign(table, path.strip(), value.strip())
    return cast("Recipe", build(table))
