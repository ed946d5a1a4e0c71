"""Creates a part by its name, in one call."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore.component.discovery import registry
from gancore.component.part import Part, fact_fields
from gancore.component.specs import build, open_seats, part_name, put, read_toml, spec


def create(name: str | Path, changes: Mapping[str, Any] | None = None, /, **options: Any) -> Part:
    """The recipe or part called `name`, with its options set.

    `name` is a bare name (`stylegan2`; a recipe takes precedence over other parts of that name), a name
    prefixed with its kind (`loss/hinge`) or its distribution (`gancore-stylegan:stylegan2`), or the path of a
    recipe's `.toml` file. `options` are the part's options, facts and seats; a seat takes a part, a name or a
    table. `changes` are values by dotted path, applied on top of these:

        create("stylegan2", {"generator.width": 8}, image=(3, 64, 64), loss="hinge")

    If facts such as `image` are given, the part is built at once; otherwise it waits for the data.

    Raises:
        UnknownPart, AmbiguousPart, BrokenPlugin: see `Registry.locate`.
        SpecError: an option does not exist, or its value has the wrong type or is out of range.
    """
    kind, table = _table(name)
    return build(changed({**table, **options}, changes or {}, kind), kind)


def changed(table: Mapping[str, Any], changes: Mapping[str, Any], kind: str = "recipe") -> dict[str, Any]:
    """The table of a part with values set by dotted path.

    Defaults are written out first, so that a path may lead into them. Parts in the table are left as they
    are.
    """
    made = dict(table)
    facts = {a.name for a in fact_fields(registry().base_of(kind, part_name(made, kind)))}
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
    if str(name).lower().endswith(".toml"):
        return "recipe", read_toml(Path(name))
    found = registry().locate(str(name))
    return found.kind, {"part": str(name).rpartition("/")[2]}
