"""The sample grids of a run, in the order of the images seen."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gancore.pictures.page import filled, run_style

GRIDS = 40
NAME = re.compile(r"(\d+)(?:-(.+))?\.png")
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class SampleGrid:
    """One file of ``samples/``: ``00012000.png``, or ``00012000-NAME.png`` where a recipe has several
    pipelines.
    """

    path: Path
    images: int
    pipeline: str


@dataclass(frozen=True)
class Strip:
    """The grids of one pipeline of one run, that take each other's place as the slider moves."""

    caption: str
    run: int
    grids: Sequence[SampleGrid]


def find_grids(samples: Path) -> tuple[list[SampleGrid], list[Path]]:
    """The grids of a folder in their order, and the files that go by a grid's name but are no whole PNG."""
    named = [(path, match) for path in sorted(samples.glob("*.png")) if (match := NAME.fullmatch(path.name))]
    whole = [SampleGrid(path, int(match[1]), match[2] or "") for path, match in named if is_whole(path)]
    damaged = [path for path, _ in named if not is_whole(path)]
    return sorted(whole, key=lambda grid: (grid.pipeline, grid.images)), damaged


def timelines(grids: Sequence[SampleGrid], at_most: int = GRIDS) -> dict[str, list[SampleGrid]]:
    """The grids to show for each pipeline: at most so many in all, evenly thinned, first and last kept."""
    groups: dict[str, list[SampleGrid]] = {}
    for grid in grids:
        groups.setdefault(grid.pipeline, []).append(grid)
    return {name: evenly(group, max(2, at_most // len(groups))) for name, group in groups.items()}


def evenly(grids: Sequence[SampleGrid], count: int) -> list[SampleGrid]:
    """At most ``count`` (two or more) of them, evenly spread, the first and the last among them."""
    if len(grids) <= count:
        return list(grids)
    return [grids[round(index * (len(grids) - 1) / (count - 1))] for index in range(count)]


def is_whole(path: Path) -> bool:
    """Whether the file begins and ends as a PNG does."""
    with path.open("rb") as file:
        begin = file.read(len(SIGNATURE))
        file.seek(max(0, path.stat().st_size - len(END)))
        return begin == SIGNATURE and file.read() == END


def slider(rows: Mapping[str, Sequence[Strip]], sources: Mapping[Path, str]) -> str:
    """One slider over the images seen, and under it a row of strips for each name; each strip shows its last
    grid first.
    """
    stops = sorted({grid.images for strips in rows.values() for strip in strips for grid in strip.grids})
    return filled(
        "timeline.html",
        last=max(0, len(stops) - 1),
        images=f"{stops[-1]:,}" if stops else "0",
        strips=max(map(len, rows.values()), default=1),
        rows="".join(
            filled(
                "grids.html", name=escape(name), strips="".join(_strip(strip, sources) for strip in strips)
            )
            for name, strips in rows.items()
        ),
    )


def _strip(strip: Strip, sources: Mapping[Path, str]) -> str:
    last = strip.grids[-1]
    pictures = "".join(
        filled(
            "grid.html",
            images=grid.images,
            words=f"{grid.images:,}",
            source=sources[grid.path],
            hidden="hidden" if grid is not last else "",
            name=escape(strip.caption or "samples"),
        )
        for grid in strip.grids
    )
    return filled(
        "strip.html",
        caption=escape(strip.caption),
        run=strip.run,
        style=run_style(strip.run),
        images=f"{last.images:,}",
        pictures=pictures,
    )
