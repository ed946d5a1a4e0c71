"""Progress of a training: a bar on a terminal, one output in a notebook, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from gancore.component.discovery import host
from gancore.component.hooks import hookimpl
from gancore.console.notebook import Notebook, in_notebook
from gancore.console.pace import Pace, beginning, ending
from gancore.console.progress_line import progress_lines, short, span
from gancore.console.showing import showing
from gancore.console.terminal import say
from gancore.errors import shown
from gancore.progress import heard

QUIET = 10.0
"""Minimum seconds between two plain lines."""


@contextmanager
def watching(progress: bool | Callable[[str, int, int], Any] = True) -> Iterator[None]:
    """Shows the progress of the trainings inside the block, in the first process only, and what takes long
    before them; nothing if `progress` is False. A function is called with "images", those seen, and their
    total instead.
    """
    if progress is False:
        yield
        return
    watcher: Any = _display() if progress is True else Calls(progress)
    host().manager.register(watcher)
    try:
        # on the command line, what is told is shown already
        with showing("") if progress is True and not heard() else nullcontext():
            yield
    finally:
        host().manager.unregister(watcher)
        watcher.close()


def _display() -> Any:
    if in_notebook():
        return Notebook()
    return Bar() if sys.stderr.isatty() else Lines()


class Calls:
    """Calls a function after each step."""

    def __init__(self, progress: Callable[[str, int, int], Any]) -> None:
        self.progress = progress

    @hookimpl
    def gancore_stepped(self, run: Any) -> None:
        """Says how many images were seen."""
        self.progress("images", min(run.images, run.total), run.total)

    def close(self) -> None:
        """Does nothing; there is nothing to close."""


class Lines:
    """A plain line every few seconds."""

    def __init__(self) -> None:
        self.last = 0.0
        self.pace = Pace()

    @hookimpl
    def gancore_started(self, run: Any) -> None:
        """Prints what is being trained, and where."""
        if run.ranks.first:
            self.pace.begin(run)
            for line in beginning(run):
                _say(line)

    @hookimpl
    def gancore_stepped(self, run: Any) -> None:
        """Says once if the training takes more than a day."""
        if run.ranks.first and (note := self.pace.note(run)):
            _say(note)

    @hookimpl
    def gancore_reported(self, run: Any, scalars: dict[str, float]) -> None:
        """Prints at most one line every `QUIET` seconds."""
        if time.monotonic() - self.last >= QUIET or run.images >= run.total:
            self.last = time.monotonic()
            seen, left = min(run.images, run.total), span(self.pace.left(run) or 0)
            rate = f"{self.pace.rate(run):.0f}/s"
            _say(f"{seen}/{run.total} images  {rate}  {left} left  {'  '.join(short(scalars))}")

    @hookimpl
    def gancore_finished(self, run: Any) -> None:
        """Prints where the results are."""
        _say(ending(run))

    @hookimpl
    def gancore_warned(self, text: str) -> None:
        """Prints the warning immediately."""
        _say(f"warning: {text}")

    def close(self) -> None:
        """Does nothing; there is nothing to close."""


class Whole(ProgressColumn):
    """The progress in one or two lines that fit the terminal; nothing of them is cut."""

    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def render(self, task: Task) -> Text:
        """The lines."""
        signs: dict[str, Any] = {} if self.console.encoding.startswith("utf") else {"full": "=", "empty": "-"}
        lines = progress_lines(
            self.console.width - 1,
            done=int(task.completed),
            total=int(task.total or 0),
            **task.fields,
            **signs,
        )
        return Text("\n".join(lines), no_wrap=True)


class Bar:
    """A live bar with the latest scalars."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.progress = Progress(Whole(self.console), console=self.console)
        self.task = self.progress.add_task("images", total=None, left=None, rate=None, scalars={})
        self.pace = Pace()

    @hookimpl
    def gancore_started(self, run: Any) -> None:
        """Starts the bar."""
        if run.ranks.first:
            self.pace.begin(run)
            for line in beginning(run):
                self._show(line)
            self.progress.update(self.task, total=run.total, completed=run.images)
            self.progress.start()

    @hookimpl
    def gancore_stepped(self, run: Any) -> None:
        """Moves the bar."""
        self.progress.update(
            self.task,
            completed=min(run.images, run.total),
            left=self.pace.left(run),
            rate=self.pace.rate(run),
        )
        if run.ranks.first and (note := self.pace.note(run)):
            self._show(note)

    @hookimpl
    def gancore_reported(self, run: Any, scalars: dict[str, float]) -> None:
        """Shows the scalars."""
        self.progress.update(self.task, scalars=scalars)

    @hookimpl
    def gancore_finished(self, run: Any) -> None:
        """Prints where the results are."""
        self.progress.stop()
        self._show(ending(run))

    @hookimpl
    def gancore_warned(self, text: str) -> None:
        """Prints the warning above the bar."""
        self._show(f"warning: {text}")

    def _show(self, text: str) -> None:
        self.console.print(shown(text), highlight=False, markup=False)

    def close(self) -> None:
        """Stops the bar and restores the terminal."""
        self.progress.stop()


def _say(text: str) -> None:
    say(shown(text), err=True)
