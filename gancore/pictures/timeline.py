"""The sample grids of a run, in the order of the images seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from gancore.pictures.page import filled, run_style
from gancore.runs.folder import RunFolder, SampleGrid
from gancore.storage.inside import no_follow

GRIDS = 40
SIGNATURE, END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Strip:
    """The grids of one pipeline of one run, exchanged as the slider moves."""

    caption: str
    run: int
    grids: Sequence[SampleGrid]


def whole_grids(run: RunFolder) -> tuple[list[SampleGrid], list[str]]:
    """The sample grids of a run in order, and a sentence for each file that is not a complete PNG."""
    grids = run.samples
    whole = [grid for grid in grids if is_whole(grid.path)]
    return whole, [not_whole(grid.path) for grid in grids if grid not in whole]


def not_whole(path: Path) -> str:
    """A sentence saying that a picture is omitted."""
    return f"{path.parent.name}/{path.name} is not a complete PNG, so it is omitted."


def timelines(grids: Sequence[SampleGrid], at_most: int = GRIDS) -> dict[str, list[SampleGrid]]:
    """The grids to show for each pipeline: at most so many in total, evenly thinned, keeping the first and
    the last.
    """
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
    """Whether the file starts and ends like a PNG."""
    with open(path, "rb", opener=no_follow) as file:
        begin = file.read(len(SIGNATURE))
        file.seek(max(0, path.stat().st_size - len(END)))
        return begin == SIGNATURE and file.read() == END


def slider(rows: Mapping[str, Sequence[Strip]], sources: Mapping[Path, str], beside: str = "") -> str:
    """One slider over the images seen, and under it a row of strips for each name; each strip shows its last
    grid first. `beside` stands beside the strips and does not move.
    """
    stops = sorted({grid.images for strips in rows.values() for strip in strips for grid in strip.grids})
    return filled(
        "timeline.html",
        last=max(0, len(stops) - 1),
        images=f"{stops[-1]:,}" if stops else "0",
        strips=max(map(len, rows.values()), default=1),
        rows="".join(
            filled(
                "grids.html",
                name=escape(name),
                strips="".join([*(_strip(strip, sources) for strip in strips), beside]),
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
