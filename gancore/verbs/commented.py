"""The help of every option as comments in the TOML of a part."""

import re
from typing import Any

from gancore.component.description import FieldDescription, describe
from gancore.component.part import Part, seats
from gancore.errors import GancoreError

HEADER, OPTION = re.compile(r"^\[+([\w.\-]+)\]+$"), re.compile(r"^([\w-]+) = ")


def commented(text: str, part: Part) -> str:
    """The text with a comment on each option that has help or a range, and on what may stand in each seat."""
    lines, here = [], part
    for line in text.splitlines():
        if header := HEADER.match(line):
            *above, seat = header[1].split(".")
            here = _at(part, header[1])
            lines += _comment(_at(part, ".".join(above)), seat)
        elif (option := OPTION.match(line)) and option[1] != "part":
            lines += _comment(here, option[1])
        lines.append(line)
    return "\n".join(lines) + "\n"


def _at(part: Any, path: str) -> Any:
    for step in filter(None, path.split(".")):
        part = getattr(part, step, None)
    return part


def _comment(part: Any, name: str) -> list[str]:
    if not isinstance(part, Part):
        return []
    try:
        found = {field.name: field for field in describe(type(part)).fields}.get(name)
    except (GancoreError, OSError):
        return []
    told = [] if found is None else _told(found)
    kinds = {place.name: place.interface.kind for place in seats(type(part))}
    if name in kinds:
        told.append(f"what may stand here: `gancore list {kinds[name]}`")
    return [f"# {'; '.join(told)}"] if told else []


def _told(field: FieldDescription) -> list[str]:
    return [" ".join(text.split()) for text in (field.help, field.range) if text]
