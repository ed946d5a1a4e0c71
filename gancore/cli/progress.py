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
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

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


class Lines:
    """A plain line every few seconds."""

    def __init__(self) -> None:
        self.last = 0.0
        self.first = 0

    @hookimpl
    def gancore_started(self, run: Any) -> None:
        """Prints what is being trained, and where."""
        if run.ranks.first:
            self.first = run.images
            _say(f"training {run.recipe.qualified_name} on {run.data.description}")
            _say(
                f"{run.images} of {run.total} images seen, batch {run.run.batch_size}, {run.run.device}; "
                f"run folder {run.folder}"
            )

    @hookimpl
    def gancore_reported(self, run: Any, scalars: dict[str, float]) -> None:
        """Prints at most one line every `QUIET` seconds."""
        if time.monotonic() - self.last >= QUIET or run.images >= run.total:
            self.last = time.monotonic()
            rate = (run.images - self.first) / max(1e-9, time.monotonic() - run.started)
            left = (run.total - run.images) / max(rate, 1e-9)
            _say(f"{run.images}/{run.total} images  {rate:.0f}/s  {_span(left)} left  {_short(scalars)}")

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


class Bar:
    """A live bar with the latest scalars."""

    def __init__(self) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.console = Console(stderr=True)
        self.progress = Progress(
            *columns, TextColumn("{task.fields[scalars]}", markup=False), console=self.console
        )
        self.task = self.progress.add_task("images", total=None, scalars="")

    @hookimpl
    def gancore_started(self, run: Any) -> None:
        """Starts the bar."""
        if run.ranks.first:
            self.console.print(
                shown(f"training {run.recipe.qualified_name} on {run.data.description}"),
                highlight=False,
                markup=False,
            )
            self.console.print(shown(f"run folder {run.folder}"), highlight=False, markup=False)
            self.progress.update(self.task, total=run.total, completed=run.images)
            self.progress.start()

    @hookimpl
    def gancore_stepped(self, run: Any) -> None:
        """Moves the bar."""
        self.progress.update(self.task, completed=min(run.images, run.total))

    @hookimpl
    def gancore_reported(self, run: Any, scalars: dict[str, float]) -> None:
        """Shows the scalars."""
        self.progress.update(self.task, scalars=_short(scalars))

    @hookimpl
    def gancore_finished(self, run: Any) -> None:
        """Prints where the results are."""
        self.progress.stop()
        self.console.print(shown(_ending(run)), highlight=False, markup=False)

    @hookimpl
    def gancore_warned(self, text: str) -> None:
        """Prints the warning above the bar."""
        self.console.print(shown(f"warning: {text}"), highlight=False, markup=False)

    def close(self) -> None:
        """Stops the bar and restores the terminal."""
        self.progress.stop()


def _ending(run: Any) -> str:
    return (
        f"done: {run.images} images in {_span(run.seconds)}. Report: {run.run_folder.report_file}; "
        f"next: gancore sample {run.folder} {_what(run)}"
    )


def _what(run: Any) -> str:
    first = next(iter(run.recipe.pipelines().values()))
    return "--count 64" if first.sampler is not None else "--data FOLDER --output FOLDER"


def _short(scalars: dict[str, float]) -> str:
    return "  ".join(
        f"{name.rpartition('/')[0][:1] or ''}{'.' if '/' in name else ''}{name.rpartition('/')[2]} {v:.3g}"
        for name, v in scalars.items()
    )


def _span(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    )


def _say(text: str) -> None:
    say(shown(text), err=True)
