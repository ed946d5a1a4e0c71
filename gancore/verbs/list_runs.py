"""The runs in a folder."""

import os
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs

from gancore.errors import GancoreError, UserError
from gancore.runs.folder import RunFolder
from gancore.verbs.aligned import columns


@attrs.frozen
class ListedRun:
    """A run in a list.

    Attributes:
        path: its folder.
        state: `running`, `done`, `stopped` (it can go on), `dead` (it ended without a word, as by a kill),
            `not started` or `damaged`.
        recipe: name of the recipe.
        images: images seen.
        total: images to see; None if the recipe says.
        score: the score of the best evaluation; empty without one.
        value: its value.
        best: the images seen by then.
    """

    path: Path
    state: str
    recipe: str = ""
    images: int = 0
    total: int | None = None
    score: str = ""
    value: float | None = None
    best: int | None = None

    def table(self) -> dict[str, Any]:
        """As plain text and numbers."""
        return {**attrs.asdict(self), "path": str(self.path)}

    def row(self) -> tuple[str, ...]:
        """In words."""
        of = f" of {self.total:,}" if self.total is not None and self.images < self.total else ""
        best = f"{self.score} {self.value:.5g} at {self.best:,}" if self.value is not None else ""
        return str(self.path), self.state, self.recipe, f"{self.images:,}{of}", best


class RunList(list[ListedRun]):
    """Runs by folder; prints as a table."""

    HEAD = ("run", "state", "recipe", "images", "best")

    def __str__(self) -> str:
        return columns([self.HEAD, *(run.row() for run in self)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(_html("td", run.row()) for run in self)
        return f"<table>{_html('th', self.HEAD)}{rows}</table>"


def list_runs(folder: str | os.PathLike[str] = "runs") -> RunList:
    """The runs in a folder and the folders below, with their state, images seen and best score.

    Args:
        folder: the folder of runs, or a run.

    Raises:
        UserError: there is no such folder.
    """
    if not Path(folder).is_dir():
        raise UserError(f"there is no folder {folder}; give the folder that runs lie in")
    return RunList(map(_listed, _found(Path(folder))))


def _found(folder: Path) -> Iterator[Path]:
    """The folders of runs, by name; links are not followed."""
    for place, below, _ in os.walk(folder):
        below.sort()
        if _is_run(Path(place)):
            below.clear()
            yield Path(place)


def _is_run(folder: Path) -> bool:
    try:
        return RunFolder(folder).settings_file.is_file()
    except GancoreError:
        return False


def _listed(path: Path) -> ListedRun:
    run = RunFolder(path)
    try:
        reports, best, total = run.log.reports, run.best, run.settings_table.get("images")
        found = ListedRun(
            path,
            run.state,
            run.name,
            int(reports[-1]["images"]) if reports else run.seen,
            total if isinstance(total, int) else None,
        )
    except (GancoreError, OSError, ValueError, TypeError):
        return ListedRun(path, "damaged")
    if best is None:
        return found
    return attrs.evolve(found, score=best.score, value=best.value, best=best.images)


def _html(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
