"""Where the tables of several runs differ."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from gancore.pictures.page import run_style, said, table
from gancore.pictures.words import flat

ABSENT = "—"


def differences(tables: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[str | None]]]:
    """Dotted names whose values differ between tables, with the values; None if a table lacks the name."""
    flattened = [dict(flat(one)) for one in tables]
    names = dict.fromkeys(name for one in flattened for name in one)
    found = [(name, [one.get(name) for one in flattened]) for name in names]
    return [(name, several) for name, several in found if len(set(several)) > 1]


def differences_table(names: Mapping[int, str], tables: Sequence[Mapping[str, Any]]) -> str:
    """The differences as a table with a column for each run, by its place; empty if there are none."""
    body = [[escape(name), *(_cell(words) for words in several)] for name, several in differences(tables)]
    return across("field", names, body, "differences")


def across(corner: str, names: Mapping[int, str], body: Sequence[Sequence[str]], kind: str = "") -> str:
    """A table of HTML cells with a column for each run, headed by its name and the color of its place."""
    return table(
        [corner, *(run_mark(index, name) for index, name in names.items())],
        body,
        f"across {kind}",
        [corner, *map(escape, names.values())],
    )


def run_mark(index: int, name: str) -> str:
    """A run's name with its color."""
    return f'<i class="swatch" style="{run_style(index)}"></i>{escape(name)}'


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """The shortest path suffixes that distinguish these paths, which must differ."""
    parts = [path.parts for path in paths]
    for length in range(1, max(map(len, parts))):
        names = ["/".join(one[-length:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]


def _cell(words: str | None) -> str:
    return f'<span class="soft">{ABSENT}</span>' if words is None else said(words)
