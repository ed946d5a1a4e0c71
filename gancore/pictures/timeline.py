"""The sample sheets of a run, in the order of the images seen."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gancore.pictures.page import filled, run_style

SHEETS = 40
NAME = re.compile(r"(\d+)(?:-(.+))?\.png")
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Sheet:
    """One file of ``samples/``: ``00012000.png``, or ``00012000-NAME.png`` where a recipe has several pipelines."""

    path: Path
    images: int
    pipeline: str


@dataclass(frozen=True)
class Strip:
    """The sheets of one pipeline of one run, that take each other's place as the slider moves."""

    caption: str
    run: int
    sheets: Sequence[Sheet]


def find_sheets(samples: Path) -> tuple[list[Sheet], list[Path]]:
    """The sheets of a folder in their order, and the files that go by a sheet's name but are no whole PNG."""
    named = [(path, match) for path in sorted(samples.glob("*.png")) if (match := NAME.fullmatch(path.name))]
    whole = [Sheet(path, int(match[1]), match[2] or "") for path, match in named if is_whole(path)]
    damaged = [path for path, _ in named if not is_whole(path)]
    return sorted(whole, key=lambda sheet: (sheet.pipeline, sheet.images)), damaged


def timelines(sheets: Sequence[Sheet], at_most: int = SHEETS) -> dict[str, list[Sheet]]:
    """The sheets to show for each pipeline: at most so many in all, evenly thinned, first and last kept."""
    groups: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        groups.setdefault(sheet.pipeline, []).append(sheet)
    return {name: evenly(group, max(2, at_most // len(groups))) for name, group in groups.items()}


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


def slider(rows: Mapping[str, Sequence[Strip]], sources: Mapping[Path, str]) -> str:
    """One slider over the images seen, and under it a row of strips for each name; each strip shows its last sheet first."""
    stops = sorted({sheet.images for strips in rows.values() for strip in strips for sheet in strip.sheets})
    return filled(
        "timeline.html",
        last=max(0, len(stops) - 1),
        images=f"{stops[-1]:,}" if stops else "0",
        strips=max(map(len, rows.values()), default=1),
        rows="".join(
            filled("sheets.html", name=escape(name), strips="".join(_strip(strip, sources) for strip in strips))
            for name, strips in rows.items()
        ),
    )


def _strip(strip: Strip, sources: Mapping[Path, str]) -> str:
    last = strip.sheets[-1]
    pictures = "".join(
        filled(
            "sheet.html",
            images=sheet.images,
            words=f"{sheet.images:,}",
            source=sources[sheet.path],
            hidden="hidden" if sheet is not last else "",
            name=escape(strip.caption or "samples"),
        )
        for sheet in strip.sheets
    )
    return filled(
        "strip.html", caption=escape(strip.caption), run=strip.run, style=run_style(strip.run), images=f"{last.images:,}", pictures=pictures
    )
