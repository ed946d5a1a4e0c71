"""Progress of a training in a notebook: one output below the cell that is replaced as the training goes."""

import sys
import time
from html import escape
from pathlib import Path
from typing import Any

import attrs

from gancore.component.hooks import hookimpl
from gancore.console.pace import Pace, beginning, ending
from gancore.console.progress_line import progress_lines
from gancore.runs.showing import image_tag

WIDTH = 100
"""Characters of a line."""
PAUSE = 0.5
"""Minimum seconds between two changes of the output."""


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


@attrs.frozen
class Shown:
    """The output: lines of text, and the newest sample grid."""

    lines: tuple[str, ...]
    grid: Path | None

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        text = f'<pre style="white-space: pre-wrap">{escape(repr(self))}</pre>'
        return text + (image_tag(self.grid) if self.grid is not None else "")


class Notebook:
    """The progress, the folder, the warnings and the newest sample grid of a training."""

    def __init__(self) -> None:
        self.pace, self.handle, self.last = Pace(), None, 0.0
        self.head: list[str] = []
        self.said: list[str] = []
        self.scalars: dict[str, float] = {}
        self.grid: Path | None = None

    @hookimpl
    def gancore_started(self, run: Any) -> None:
        """Shows what is being trained, and where."""
        if run.ranks.first:
            self.pace.begin(run)
            self.head = beginning(run)
            self._show(run, self._moving(run))

    @hookimpl
    def gancore_stepped(self, run: Any) -> None:
        """Moves the bar."""
        if not run.ranks.first:
            return
        if note := self.pace.note(run):
            self.said.append(note)
        if time.monotonic() - self.last >= PAUSE:
            self._show(run, self._moving(run))

    @hookimpl
    def gancore_reported(self, run: Any, scalars: dict[str, float]) -> None:
        """Shows the scalars from the next step on."""
        self.scalars = scalars

    @hookimpl
    def gancore_sampled(self, run: Any, path: str) -> None:
        """Shows the sample grid from the next step on."""
        self.grid = Path(path)

    @hookimpl
    def gancore_warned(self, run: Any, text: str) -> None:
        """Shows the warning at once; it stays."""
        self.said.append(f"warning: {text}")
        self._show(run, self._moving(run))

    @hookimpl
    def gancore_finished(self, run: Any) -> None:
        """Shows where the results are, in the place of the bar."""
        self._show(run, [ending(run)])

    def close(self) -> None:
        """Does nothing; the output stays as it is."""

    def _moving(self, run: Any) -> list[str]:
        left, rate = self.pace.left(run), self.pace.rate(run)
        return progress_lines(
            WIDTH, done=run.images, total=run.total, left=left, rate=rate, scalars=self.scalars
        )

    def _show(self, run: Any, now: list[str]) -> None:
        self.last = time.monotonic()
        shown = Shown((*self.head, *self.said, *now), self.grid)
        if self.handle is None:
            from IPython.display import display

            self.handle = display(shown, display_id=True)
        else:
            self.handle.update(shown)
