"""What an object prints in Python: its class, and the fields that differ from their defaults."""

from typing import TYPE_CHECKING, Any

import attrs
from torch import nn

from gancore.component.fields import SeatField, all_fields, fact_fields, seats
from gancore.component.seating import as_part
from gancore.errors import GancoreError

if TYPE_CHECKING:
    from gancore.component.part import Part


def part_text(part: "Part") -> str:
    """A part as the Python code that makes it, untrained: without defaults and what other parts told it."""
    places = {place.name: place for place in seats(type(part))}
    told = {a.name for a in fact_fields(type(part)) if part.is_inferred(a.name)}
    shown = {}
    for a in all_fields(type(part)):
        if a.name in places:
            text = _seated(_held(part, a.name))
            if text != _default_seated(places[a.name], default(a)):
                shown[a.name] = text
        elif a.name not in told and (value := part.scheduled.get(a.name, part.__dict__[a.name])) != default(
            a
        ):
            shown[a.name] = repr(value)
    return _call(part, shown)


def differing_text(settings: attrs.AttrsInstance) -> str:
    """An attrs object with the fields that differ from their defaults."""
    held = {a.name: getattr(settings, a.name) for a in attrs.fields(type(settings)) if a.init}
    usual = {a.name: default(a) for a in attrs.fields(type(settings))}
    return _call(settings, {name: repr(value) for name, value in held.items() if value != usual[name]})


def default(attribute: "attrs.Attribute[Any]") -> Any:
    """The default of a field, made by its factory if it has one, in the form that its converter gives it."""
    factory = getattr(attribute.default, "factory", None)
    value = attribute.default if factory is None else factory()
    convert: Any = attribute.converter
    return value if value is attrs.NOTHING or convert is None else convert(value)


def _call(made: object, shown: dict[str, str]) -> str:
    return f"{type(made).__name__}({', '.join(f'{name}={text}' for name, text in shown.items())})"


def _held(part: "Part", name: str) -> Any:
    """What stands in a seat, also while the part tells its seats their facts."""
    return part.__dict__.get("_pending", {}).get(name, part._modules.get(name))


def _seated(value: Any) -> str:
    return f"[{', '.join(map(repr, value))}]" if isinstance(value, nn.ModuleList) else repr(value)


def _default_seated(place: SeatField, given: Any) -> str:
    if given is attrs.NOTHING:
        return ""
    try:
        if place.many:
            return f"[{', '.join(repr(as_part(place, one, place.name)) for one in given)}]"
        return repr(None if given is None else as_part(place, given, place.name))
    except GancoreError:  # its plugin is not installed
        return ""
