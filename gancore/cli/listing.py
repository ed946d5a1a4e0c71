"""`gancore list`: the available parts."""

import json
import shutil
import sys
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from gancore.cli.completing import kinds
from gancore.console.terminal import broken, say
from gancore.errors import shown
from gancore.progress import tell

if TYPE_CHECKING:
    from gancore.verbs.list_parts import Listed, PartList

BESIDE = 30
"""Least width of descriptions beside the names."""


def list_parts(
    kind: Annotated[
        str | None, typer.Argument(help="recipe, generator, loss, …; default: all", autocompletion=kinds)
    ] = None,
    pattern: Annotated[
        str | None, typer.Option("--pattern", help="of names, with * as a wildcard, e.g. *gan*; default: all")
    ] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """List the parts of all plugins, by kind; without a kind, on a terminal, a summary."""
    from gancore.verbs.list_parts import list_parts

    found = list_parts(kind, pattern=pattern)
    tell("")
    if json_lines:
        print(json.dumps([_table(part) for part in found], indent=1))
    elif not sys.stdout.isatty():
        for part in found:
            print("\t".join(map(shown, _table(part).values())))
    elif kind is None and pattern is None:
        say(_summary(found, shutil.get_terminal_size().columns))
    else:
        say(_aligned(found, shutil.get_terminal_size().columns))


def _table(part: "Listed") -> dict[str, str]:
    return {
        "kind": part.kind,
        "name": part.name,
        "plugin": part.distribution,
        "description": " ".join(part.summary.split()),
    }


def _summary(parts: "PartList", width: int) -> str:
    """The names of each kind."""
    names: dict[str, list[str]] = {}
    for part in parts:
        names.setdefault(part.kind, []).append(part.name)
    lines = [broken(f"{kind} ({len(each)}): {', '.join(each)}", width) for kind, each in names.items()]
    return "\n".join(
        [*lines, "", "`gancore list KIND` says what each is; `gancore show NAME` prints its options"]
    )


def _aligned(parts: "PartList", width: int) -> str:
    """Names are never cut; a description goes on below, indented, where it does not fit beside them."""
    rows = [(part.kind, part.name, part.distribution) for part in parts]
    widths = [max(map(len, column), default=0) for column in zip(*rows, strict=True)]
    start = sum(widths) + 2 * len(widths)
    beside = width - start >= BESIDE
    lines = []
    for part, row in zip(parts, rows, strict=True):
        head = "".join(cell.ljust(size + 2) for cell, size in zip(row, widths, strict=True))
        text = wrap(" ".join(part.summary.split()), width - start if beside else max(20, width - 4))
        if beside:
            lines += [head + (text[0] if text else ""), *(" " * start + line for line in text[1:])]
        else:
            lines += [head.rstrip(), *(f"    {line}" for line in text)]
    return "\n".join(line.rstrip() for line in lines)
