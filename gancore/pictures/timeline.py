"""The sample sheets of a run, in the order of the images seen."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SHEETS = 40
BYTES = 24_000_000
NAME = re.compile(r"(\d+)(?:-(.+))?\.png")
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Sheet:
    """One file of ``samples/``: ``00012000.png``, or ``00012000-NAME.png`` where a recipe has several pipelines."""

    path: Path
    images: int
    pipeline: str


def find_sheets(samples: Path) -> tuple[list[Sheet], list[Path]]:
    """The sheets of a folder in their order, and the files that go by a sheet's name but are no whole PNG."""
    named = [(path, match) for path in sorted(samples.glob("*.png")) if (match := NAME.fullmatch(path.name))]
    whole = [Sheet(path, int(match[1]), match[2] or "") for path, match in named if is_whole(path)]
    damaged = [path for path, _ in named if not is_whole(path)]
    return sorted(whole, key=lambda sheet: (sheet.pipeline, sheet.images)), damaged


def timelines(sheets: Sequence[Sheet], at_most: int = SHEETS, byte_limit: int = BYTES) -> dict[str, list[Sheet]]:
    """The sheets to show for each pipeline: evenly thinned to what fits, first and last kept."""
    groups: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        groups.setdefault(sheet.pipeline, []).append(sheet)
    affordable = byte_limit * len(sheets) // max(1, sum(sheet.path.stat().st_size for sheet in sheets))
    return {name: evenly(group, max(2, min(at_most, affordable) // len(groups))) for name, group in groups.items()}


def evenly(sheets: Sequence[Sheet], count: int) -> list[Sheet]:
    """At most ``count`` (two or more) of them, evenly spread, the first and the last among them."""
    if len(sheets) <= count:
        return list(sheets)
    return [sheets[round(index * (len(sheets) - 1) / (count - 1))] for index in range(count)]


def is_whole(path: Path) -> bool:
    """Whether the file begins and ends as a PNG does."""
    with path.open("rb") as file:
        begin = file.read(len(SIGNATURE))
        file.seek(max(0, path.stat().st_size - len(END)))
        return begin == SIGNATURE and file.read() == END


def data_uri(path: Path) -> str:
    """The file as text that an ``<img>`` can hold."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
