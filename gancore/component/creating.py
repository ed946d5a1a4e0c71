"""A part by its name, in one call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore.component.discovery import registry
from gancore.component.part import Part, fact_fields
from gancore.component.specs import build, open_seats, put, read_toml, spec


def create(name: str | Path, changes: Mapping[str, Any] | None = None, /, **options: Any) -> Part:
    """The recipe or part called `name`, with its options set.

    `name` is a bare name (`stylegan2`: a recipe before other parts of that name), has its kind before it
    (`loss/hinge`) or its distribution (`gancore-stylegan:stylegan2`), or is a `.toml` file of a recipe.
    `options` are the part's options, facts and seats; what goes into a seat is a part, a name or a table.
    `changes` are the same by dotted paths, put over it:

        create("stylegan2", {"generator.width": 8}, image=(3, 64, 64), loss="hinge")

    With facts such as `image` given the part is built at once; without, it waits for the data.

    Raises:
        UnknownPart, AmbiguousPart, BrokenPlugin: see `Registry.locate`. SpecError: there is no such option,
        or its value is of the wrong type or out of range.
    """
    kind, table = _table(name)
    return build(changed({**table, **options}, changes or {}, kind), kind)


def changed(table: Mapping[str, Any], changes: Mapping[str, Any], kind: str = "recipe") -> dict[str, Any]:
    """The table of a part with values set by dotted paths; its defaults are written out first, so that a path
    may lead into them. Parts that stand in the table stay what they are.
    """
    made = dict(table)
    facts = {a.name for a in fact_fields(registry().base_of(kind, str(made.get("part"))))}
    # with its facts a part would be built, and what follows from them no longer be open
    given = {key: value for key, value in made.items() if key in facts or _holds_part(value)}
    plain = {key: value for key, value in made.items() if key not in given}
    if changes and not open_seats(plain, kind):
        made = {**spec(build(plain, kind)), **given}
    for path, value in changes.items():
        put(made, path, value)
    return made


def _holds_part(value: Any) -> bool:
    return isinstance(value, Part) or (isinstance(value, list | tuple) and any(map(_holds_part, value)))


def _table(name: str | Path) -> tuple[str, dict[str, Any]]:
    if str(name).endswith(".toml"):
        return "recipe", read_toml(Path(name))
    found = registry().locate(str(name))
    return found.kind, {"part": str(name).rpartition("/")[2]}
