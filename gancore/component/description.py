"""Describes a part without building it: where it is defined, its fields, and its contract."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from gancore.component.discovery import registry
from gancore.component.part import Part, fact_fields, help_of, option_fields, seats
from gancore.component.presets import Preset

_SOURCE = re.compile(r"arXiv:[\w.\-/]+\d|doi:\S+\w")


@attrs.frozen
class FieldDescription:
    """One field of a part.

    `role` is option, seat or fact. `default` is text, and empty if the field is required. `range` describes
    the accepted values, as far as they are known.
    """

    name: str
    role: str
    type: str
    default: str
    range: str
    help: str


@attrs.frozen(repr=False)
class Description:
    """The description of a part: print it, or read its fields.

    `doc` is the docstring of the class, `papers` are the sources it cites, `contract` is the docstring of the
    interface it implements, `file` and `line` are where the class is defined (None and 0 if it was
    typed in), and `others` are the parts of other kinds with the same name.
    """

    name: str
    kind: str
    distribution: str
    file: Path | None
    line: int
    doc: str
    papers: tuple[str, ...]
    contract: str
    fields: tuple[FieldDescription, ...]
    others: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> FieldDescription:
        """The field of that name. Raises KeyError if there is none."""
        return {field.name: field for field in self.fields}[name]

    def __str__(self) -> str:
        head = f"{self.kind}/{self.name}, from {self.distribution or 'no plugin'}"
        head += f" (also: {', '.join(self.others)})" if self.others else ""
        where = f"{self.file}:{self.line}" if self.file else "not in a file"
        blocks = [head, where, self.doc, *map(_shown, self.fields)]
        return "\n".join([*blocks, f"What every {self.kind} promises:", self.contract])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def describe(name: str | type[Part] | Part) -> Description:
    """What a part is, by its name as in `create`, by its class, or of the part at hand: kind, distribution,
    file and line, papers, fields with defaults and ranges, and the contract of its kind. Of a preset: its own
    text, and its base with the options that the preset gives or derives.

    Raises:
        UnknownPart, AmbiguousPart, BrokenPlugin: see `Registry.locate`.
    """
    found = registry().locate(name) if isinstance(name, str) else name
    if isinstance(found, Part) and found.preset:
        found = registry().preset(found.kind, found.preset) or found
    if isinstance(found, Preset):
        return _of_preset(found)
    cls = found if isinstance(found, type) else type(found)
    text, (file, line) = inspect.cleandoc(cls.__doc__ or ""), _source_of(cls)
    return Description(
        name=cls.name or cls.__name__,
        kind=cls.kind,
        distribution=registry().name_of(cls).rpartition(":")[0],
        file=file,
        line=line,
        doc=text,
        papers=tuple(dict.fromkeys(_SOURCE.findall(text))),
        contract=inspect.cleandoc(_interface(cls).__doc__ or ""),
        fields=tuple(_fields(cls)),
        others=tuple(f"{k}/{cls.name}" for k in registry().kinds_with(cls.name) if k != cls.kind),
    )


def _source_of(cls: type[Part]) -> tuple[Path | None, int]:
    """File and line of a class; None and 0 if it was typed in, as in a notebook."""
    try:
        return Path(inspect.getfile(cls)), inspect.getsourcelines(cls)[1]
    except (TypeError, OSError):
        return None, 0


def _of_preset(preset: Preset) -> Description:
    base, text = describe(preset.base), inspect.cleandoc(preset.doc)
    kinds = registry().kinds_with(preset.name)
    return attrs.evolve(
        base,
        name=preset.name,
        distribution=registry().name_of(preset).rpartition(":")[0],
        doc=f"{text}\n\nA preset of {base.kind}/{base.name}.",
        papers=tuple(dict.fromkeys(_SOURCE.findall(text))),
        fields=tuple(attrs.evolve(field, default=_preset_default(preset, field)) for field in base.fields),
        others=tuple(f"{kind}/{preset.name}" for kind in kinds if kind != preset.kind),
    )


def _preset_default(preset: Preset, field: FieldDescription) -> str:
    given = [_plain(preset.options[field.name])] if field.name in preset.options else []
    rules = [path for path in preset.derived if path.partition(".")[0] == field.name]
    return ", ".join(filter(None, [*given, *(f"{path} derived" for path in rules)])) or field.default


def _plain(value: Any) -> str:
    """A value of a spec in a line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(inner)}" for key, inner in value.items())
    return f"[{', '.join(map(_plain, value))}]" if isinstance(value, list) else str(value)


def _interface(cls: type[Part]) -> type[Part]:
    """The base class that holds the contract of the kind: the topmost one of that kind."""
    return [base for base in cls.__mro__ if getattr(base, "kind", None) == cls.kind][-1]


def _fields(cls: type[Part]) -> Iterator[FieldDescription]:
    for attribute in option_fields(cls):
        yield _field(attribute, "option", _type(attribute.type))
    kinds = {place.name: place.interface.kind + (" …" if place.many else "") for place in seats(cls)}
    for attribute in attrs.fields(cls):  # type: ignore[arg-type]
        if attribute.name in kinds:
            yield _field(attribute, "seat", kinds[attribute.name])
    for attribute in fact_fields(cls):
        yield _field(attribute, "fact", _type(attribute.type))


def _field(attribute: "attrs.Attribute[Any]", role: str, kind: str) -> FieldDescription:
    return FieldDescription(
        attribute.name, role, kind, _default(attribute, role), _range(attribute), help_of(attribute)
    )


def _default(attribute: "attrs.Attribute[Any]", role: str) -> str:
    value: Any = attribute.default
    if value is attrs.NOTHING:
        return ""
    if role == "fact" and value is None:
        return "inferred"
    value = getattr(value, "factory", lambda: value)()
    if isinstance(value, list | tuple) and role == "seat":
        return f"[{', '.join(map(_occupant, value))}]"
    return _occupant(value) if role == "seat" else repr(value)


def _occupant(value: Any) -> str:
    name = getattr(value, "name", "") or getattr(value, "__name__", "")
    return str(name or ("none" if value is None else value))


def _range(attribute: "attrs.Attribute[Any]") -> str:
    """What the validators require, in the words of the error they raise for an invalid value."""
    several = getattr(attribute.validator, "_validators", (attribute.validator,))
    return " and ".join(words for check in several if check and (words := _asked(check, attribute)))


def _asked(check: Any, attribute: "attrs.Attribute[Any]") -> str:
    try:
        check(None, attribute, object())
    except Exception as error:
        found = re.search(r"must be (.+?)[;,] got", str(error.args[0] if error.args else error))
        return found[1] if found else ""
    return ""


def _type(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind) if isinstance(kind, type) else kind).replace("typing.", "")


def _shown(field: FieldDescription) -> str:
    value = f" = {field.default}" if field.default else ""
    notes = "; ".join(filter(None, [field.range, field.help]))
    return f"  {field.name}: {field.type}{value}" + (f"  ({notes})" if notes else "")
