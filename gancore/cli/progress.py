"""Progress of a training: a progress bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gancore.cli.progress_line import long_note, progress_lines, short, span
from gancore.cli.terminal import say
from gancore.component.discovery import host
from gancore.component.hooks import hookimpl
from gancore.errors import shown

Report = Callable[[str, int, int], Any]

QUIET = 10.0
"""Minimum seconds between two plain lines."""


@contextmanager
def watching() -> Iterator[None]:
    """Shows the progress of trainings inside the block, in the first process only."""
    watcher: Any = Bar() if sys.stderr.isatty() else Lines()
    host().manager.register(watcher)
    try:
        yield
    finally:
        host().manager.unregister(watcher)
        watcher.close()


@contextmanager
def bars() -> Iterator[Report]:
    """On a terminal, a bar for each task that a command reports; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as live:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = live.add_task(shown(what), total=total or None)
            live.update(tasks[what], completed=done)

        yield report


class Pace:
    """The rate of a training in this session, and the time left at that rate, from its first step on."""

    SETTLED = 10.0
    """Seconds after which the rate is taken to judge the whole training."""

    def __init__(self) -> None:
        self.first, self.noted = 0, False

    def begin(self, run: Any) -> None:
        """The images seen before this session."""
        self.first = run.images

    def rate(self, run: Any) -> float:
        """Images in a second."""
        return float((run.images - self.first) / max(1e-9, time.monotonic() - run.started))

    def left(self, run: Any) -> float | None:
        """Seconds to the end; None before the first step."""
        rate = self.rate(run)
        return max(0, run.total - run.images) / rate if rate > 0 else None

    def note(self, run: Any) -> str:
        """Once, what to say about a training of more than a day."""
        if self.noted or time.monotonic() - run.started < self.SETTLED or (left := self.left(run)) is None:
            return ""
        self.noted = True
        return long_note(left, run.total)


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
            _say(f"training {run.recipe.qualified_name} on {run.data.description}")
            _say(
                f"{run.images} of {run.total} images seen, batch {run.run.batch_size}, {run.run.device}; "
                f"run folder {run.folder}"
            )

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
        _say(_ending(run))

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
            self._show(f"training {run.recipe.qualified_name} on {run.data.description}")
            self._show(f"run folder {run.folder}")
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
        self._show(_ending(run))

    @hookimpl
    def gancore_warned(self, text: str) -> None:
        """Prints the warning above the bar."""
        self._show(f"warning: {text}")

    def _show(self, text: str) -> None:
        self.console.print(shown(text), highlight=False, markup=False)

    def close(self) -> None:
        """Stops the bar and restores the terminal."""
        self.progress.stop()


def _ending(run: Any) -> str:
    return (
        f"done: {run.images} images in {span(run.seconds)}. Report: {run.run_folder.report_file}; "
        f"next: gancore sample {run.folder} {_what(run)}"
    )


def _what(run: Any) -> str:
    first = next(iter(run.recipe.pipelines().values()))
    return "--count 64" if first.sampler is not None else "--data FOLDER --output FOLDER"


def _say(text: str) -> None:
    say(shown(text), err=True)
