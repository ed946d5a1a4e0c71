"""Converts parts to plain tables of their fields and back, for files to edit and for rebuilding parts.

A table holds `part`, the name of the class; the options; nested tables for the seats; `from`, a source of
trained weights; and `frozen`, true or a list of layer names. Inferred facts are left out, so that a saved
recipe can be trained at another resolution. Where a part stands in a second seat, the table there is
`{ same = "PATH" }`, with the path of its first seat.
"""

import difflib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import cattrs
from torch import nn

from gancore.component.derived import left_open, without
from gancore.component.discovery import cause, registry
from gancore.component.part import Part, SeatField, fact_fields, option_fields, required_fields, seats
from gancore.component.plain import DEEPEST, check_plain, check_sizes
from gancore.component.presets import Preset
from gancore.component.scheduled import holds_schedule, mapped, read
from gancore.component.weights import freeze, load_from
from gancore.errors import BrokenPlugin, GancoreError, SpecError
from gancore.storage.text import decoded
from gancore.storage.toml import as_toml

Made = dict[str, Part]
"""The parts that were made of tables so far, by path from the outermost table."""

VERSION = 1
"""The spec version that this library writes; it reads this one and all earlier ones."""

_RESERVED = frozenset({"part", "from", "frozen", "gancore"})


def spec(
    part: Part, *, complete: bool = False, path: str = "", seen: dict[Part, str] | None = None
) -> dict[str, Any]:
    """The table of a part. With `complete` as a saved product needs it: also the facts that neighbors told,
    and the present values of options that follow a schedule. Options that follow from facts are left out
    until these are known.

    `path` is where the table will stand in a larger one, and `seen` the parts that stand before it there,
    which it may refer to.
    """
    seen = {} if seen is None else seen
    if part in seen:
        return {"same": seen[part]}
    seen[part], cls = path, type(part)
    pending = () if part.built else tuple(part.open_options)
    name = part.preset if part.preset and not part.built else registry().name_of(cls)
    table: dict[str, Any] = {"part": name, **part.extras}
    table |= {a.name: _plain(_option(part, a.name, complete)) for a in option_fields(cls)}
    for a in fact_fields(cls):
        value = getattr(part, a.name)
        if value is not None and (complete or (value != a.default and not part.is_inferred(a.name))):
            table[a.name] = _plain(value)
    for place in seats(cls):
        where = f"{path}.{place.name}".lstrip(".")
        table[place.name] = _seated(getattr(part, place.name), complete, where, seen)
    return without(table, pending)


def build(
    table: Mapping[str, Any] | str, kind: str = "recipe", *, where: str = "", made: Made | None = None
) -> Part:
    """The part that a table (or a name) describes; it waits for facts that the table does not contain.

    `where` is the path of the table in a larger one, and `made` the parts there by path, to which it adds.

    Raises:
        SpecError: an unknown field, a wrong type or a value out of range; the message gives the path.
        UnknownPart, AmbiguousPart, BrokenPlugin: see `Registry.find`.
    """
    table = {"part": table} if isinstance(table, str) else dict(table)
    check_plain(table, where or "the spec")
    version = table.pop("gancore", VERSION)
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise SpecError(
            f"the spec has version {version!r}; this gancore reads 1 to {VERSION}: install a newer gancore"
        )
    name, made = part_name(table, kind, where), {} if made is None else made
    if preset := registry().preset(kind, name):
        given = {key: value for key, value in table.items() if key != "part"}
        return _from_table(preset.base, preset.table(given), where, made, preset)
    return _from_table(registry().find(kind, name), table, where, made)


def part_name(table: Mapping[str, Any], kind: str, where: str = "") -> str:
    """The name of the part that a table describes. Raises SpecError if it has none."""
    name = table.get("part")
    if not isinstance(name, str):
        raise SpecError(
            f"{where or 'the spec'} needs the key part, the name of its {kind}, as text; got {name!r}"
        )
    return name


def to_toml(table: Mapping[str, Any]) -> str:
    """A spec as TOML text."""
    return as_toml({"gancore": VERSION, **table})


def from_toml(text: str, *, name: str = "the spec") -> dict[str, Any]:
    """A spec from TOML text. Raises SpecError with line and column if it is not valid."""
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is a plain ValueError
        raise SpecError(f"{name} is not valid TOML: {error}") from None
    check_plain(table, name)
    return table


def read_toml(path: Path) -> dict[str, Any]:
    """A spec from a file. Raises SpecError if it cannot be read."""
    try:
        return from_toml(decoded(path.read_bytes()), name=str(path))
    except UnicodeDecodeError as error:
        raise SpecError(f"cannot read the spec {path}: {error}; save it as UTF-8") from None
    except OSError as error:
        raise SpecError(f"cannot read the spec {path}: {error}") from None


def without_sources(table: Any) -> Any:
    """The spec without `from`: on resuming, the checkpoint has the weights, and the source may be gone."""
    if isinstance(table, list):
        return [without_sources(value) for value in table]
    return (
        {k: without_sources(v) for k, v in table.items() if k != "from"} if isinstance(table, dict) else table
    )


def open_seats(table: Mapping[str, Any], kind: str = "recipe") -> list[str]:
    """The fields of the table's part that have no default and are not given."""
    cls = registry().base_of(kind, part_name(table, kind))
    return [a.name for a in required_fields(cls) if a.name not in table]


def assign(table: dict[str, Any], path: str, text: str) -> None:
    """Like `put`, for a value given as text: a TOML value, or else plain text."""
    put(table, path, value_of(text))


def put(table: dict[str, Any], path: str, value: Any) -> None:
    """Sets the field at a dotted path (`generator.width`, `regularizers.0.gamma`).

    Raises:
        SpecError: there is no such path.
    """
    *steps, last = path.split(".")
    if len(steps) > DEEPEST:
        raise SpecError(f"{path[:200]}… names a field below {len(steps)} others; expected a recipe's field")
    node: Any = table
    for i, step in enumerate(steps):
        node = _step(node, step, ".".join(steps[: i + 1]))
    if isinstance(node, list):
        _step(node, last, path)
        node[int(last)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise SpecError(f"{path}: {'.'.join(steps)} is {node!r}, which has no fields")


def _step(node: Any, step: str, where: str) -> Any:
    """What `node` holds under `step`; a bare name is first replaced by the table of that part."""
    key: Any = step
    if isinstance(node, list):
        if not (step.isdecimal() and int(step) < len(node)):
            raise SpecError(
                f"{where}: the list has {len(node)} entries; give an index from 0 to {len(node) - 1}"
            )
        key = int(step)
    elif not isinstance(node, dict):
        raise SpecError(f"{where}: {node!r} has no fields")
    elif step not in node:
        node[step] = {}
    if isinstance(node[key], str):
        node[key] = {"part": node[key]}
    return node[key]


def value_of(text: str) -> Any:
    """The text parsed as a TOML value, or the text itself if it is not one."""
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
    check_plain(value, "the value")
    return value


def _option(part: Part, name: str, complete: bool) -> Any:
    if complete or name not in part.scheduled:
        return getattr(part, name)
    return mapped(part.scheduled[name], spec)


def _seated(value: Any, complete: bool, path: str, seen: dict[Part, str]) -> Any:
    if isinstance(value, nn.ModuleList):
        return [
            spec(cast(Part, member), complete=complete, path=f"{path}.{i}", seen=seen)
            for i, member in enumerate(value)
        ]
    return "none" if value is None else spec(value, complete=complete, path=path, seen=seen)


def _from_table(
    cls: type[Part], table: dict[str, Any], where: str, parts: Made, preset: Preset | None = None
) -> Part:
    table = cls.upgraded(table)
    _check_keys(cls, table, where)
    fields: dict[str, Any] = {}
    for a in [*option_fields(cls), *fact_fields(cls)]:
        if a.name in table:
            fields[a.name] = _read(cls, a, table[a.name], f"{where}.{a.name}".lstrip("."))
    for a in fact_fields(cls):
        check_sizes(fields.get(a.name), f"{where}.{a.name}".lstrip("."))
    for place in seats(cls):
        if place.name in table:
            fields[place.name] = _occupant(
                place, table[place.name], f"{where}.{place.name}".lstrip("."), parts
            )
    missing = [a.name for a in required_fields(cls) if a.name not in fields]
    if missing:
        kinds = {place.name: place.interface.kind for place in seats(cls)}
        wants = ", ".join(f"{name} (a {kinds[name]})" if name in kinds else name for name in missing)
        raise SpecError(f"{where or cls.name}: {cls.kind}/{cls.name} has no default for {wants}; set it")
    rules = preset.rules(table) if preset else left_open(cls.derived, table)
    try:
        made = cls.with_rules(fields, rules, preset=registry().name_of(preset) if preset else "")
    except (ValueError, TypeError) as error:
        raise SpecError(f"{where or cls.name}: {error.args[0] if error.args else error}") from None
    except GancoreError:
        raise
    except Exception as error:
        raise BrokenPlugin(
            f"{where or cls.name}: {registry().name_of(cls)} ({cls.kind}) could not be made: {cause(error)}"
        ) from error
    parts[where] = made
    return _with_extras(made, table, where)


def _read(cls: type[Part], attribute: Any, value: Any, where: str) -> Any:
    if holds_schedule(value):
        return read(cls, attribute, value, where)
    return _structure(value, attribute.type, where)


def _with_extras(part: Part, table: Mapping[str, Any], where: str) -> Part:
    part.extras = {key: table[key] for key in ("from", "frozen") if key in table}
    if "from" in table:
        part.after_build.append(lambda made: load_from(made, str(table["from"]), where=where))
    if "frozen" in table:
        part.after_build.append(lambda made: freeze(made, table["frozen"], where=where))
    if part.built:
        for action in part.after_build:
            action(part)
    return part


def _occupant(place: SeatField, value: Any, where: str, made: Made) -> Any:
    if place.many:
        if not isinstance(value, list | tuple):
            raise SpecError(
                f"{where} is a list of {place.interface.kind} parts; got {value!r}: write [{value!r}]"
            )
        return [make(place, v, f"{where}.{i}", made) for i, v in enumerate(value)]
    if place.optional and (value is None or value == "none"):
        return None
    return make(place, value, where, made)


def make(place: SeatField, value: Any, where: str, made: Made | None = None) -> Part:
    """The part for a seat, given as a part, a name or a table; a table without `part` changes the default,
    and `{ same = "PATH" }` is the part made at that path.

    Raises:
        SpecError: as for `build`, or the value is neither a name nor a table.
    """
    made = {} if made is None else made
    if isinstance(value, Part):
        return value
    if isinstance(value, Mapping) and "same" in value:
        return _same(value, where, made)
    if isinstance(value, Mapping) and "part" not in value:
        default = place.default() if callable(place.default) else place.default
        if isinstance(default, Part):
            return _from_table(type(default), {**spec(default, path=where), **value}, where, made)
        started = {"part": default} if isinstance(default, str) else default
        value = {**started, **value} if isinstance(started, Mapping) else value
    if not isinstance(value, str | Mapping):
        raise SpecError(f"{where} takes a {place.interface.kind}: a name or a table; got {value!r}")
    return build(value, place.interface.kind, where=where, made=made)


def _same(value: Mapping[str, Any], where: str, made: Made) -> Part:
    if len(value) > 1:
        others = ", ".join(key for key in value if key != "same")
        raise SpecError(f"{where} is the same part as {value['same']}; set {others} there")
    if value["same"] not in made:
        raise SpecError(
            f"{where} is to be the same part as {value['same']!r}, but none was made there before; "
            f"parts so far: {', '.join(sorted(made)) or 'none'}"
        )
    return made[value["same"]]


def _check_keys(cls: type[Part], table: Mapping[str, Any], where: str) -> None:
    known = {a.name for a in [*option_fields(cls), *fact_fields(cls)]} | {place.name for place in seats(cls)}
    for key in table:
        if key not in known | _RESERVED:
            near = difflib.get_close_matches(key, sorted(known), n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            path = f"{where}.{key}".lstrip(".")
            raise SpecError(
                f"{path}: {cls.kind}/{cls.name} has no field {key!r}; "
                f"{hint}known: {', '.join(sorted(known)) or 'none'}"
            )


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


_converter = cattrs.Converter()


def _strict(*accepted: type) -> Any:
    def hook(value: Any, kind: Any) -> Any:
        if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
            raise TypeError
        return kind(value)

    return hook


for _kind, _accepted in ((int, (int,)), (float, (int, float)), (str, (str,)), (bool, (bool,))):
    _converter.register_structure_hook(_kind, _strict(*_accepted))


def _structure(value: Any, kind: Any, where: str) -> Any:
    try:
        if isinstance(value, str) and kind is not str and not _is_text(kind):
            raise TypeError
        return _converter.structure(value, kind)
    except GancoreError:
        raise
    except Exception:
        said = (
            getattr(kind, "__name__", str(kind))
            if isinstance(kind, type) and not hasattr(kind, "__args__")
            else str(kind)
        )
        said = said.replace("typing.", "")
        raise SpecError(f"{where} takes {said}; got {value!r} ({type(value).__name__})") from None


def _is_text(kind: Any) -> bool:
    from typing import Literal, get_args, get_origin

    return get_origin(kind) is Literal or any(_is_text(k) or k is str for k in get_args(kind))
