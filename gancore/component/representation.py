"""What an object prints in Python: its class, and the fields that differ from their defaults."""

from typing import TYPE_CHECKING, Any

import attrs
from torch import nn

from gancore.component.differing import call_text, default
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
    return call_text(part, shown)


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
