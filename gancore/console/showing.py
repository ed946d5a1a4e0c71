"""What shows how far a command is: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from gancore.console.progress_line import progress_lines, span
from gancore.errors import shown
from gancore.progress import listening

FIRST = "importing torch and the plugins"
"""What a command does before it tells anything."""


class Task(NamedTuple):
    """What is being done, since when, from which part on, and how far it is."""

    what: str
    began: float
    first: int = 0
    done: int = 0
    total: int = 0

    @property
    def left(self) -> float | None:
        """Seconds to its end at its rate so far; None while that is unknown."""
        if not self.first < self.done <= self.total:
            return None
        rate = (self.done - self.first) / max(1e-9, time.monotonic() - self.began)
        return (self.total - self.done) / rate


@contextmanager
def showing(first: str = FIRST) -> Iterator[None]:
    """Shows on the standard error what is told inside the block; `first` is what is done before."""
    display = Bar(first) if sys.stderr.isatty() else Lines(first)
    display.thread.start()
    try:
        with listening(display.told):
            yield
    finally:
        display.close()


class Display:
    """Shows the current task from time to time, in a thread of its own, so that it is seen also while nothing
    is told. A task is shown once it lasts `patience` seconds, then every `pause` seconds.
    """

    patience, pause, tick = 2.0, 10.0, 0.25

    def __init__(self, first: str = FIRST) -> None:
        self.lock, self.over = threading.RLock(), threading.Event()
        self.task = Task(first, time.monotonic())
        self.due = self.task.began + self.patience
        self.thread = threading.Thread(target=self._run, daemon=True)

    def told(self, what: str, done: int, total: int) -> None:
        """Takes note of the progress of a task; an empty one is the end of all."""
        with self.lock:
            now = time.monotonic()
            if what != self.task.what or done < self.task.done:
                self.due = now + self.patience
                self.task = Task(what, now, first=done)
            self.task = self.task._replace(done=done, total=total)
            if not what:
                self.clear()

    def look(self) -> None:
        """Shows the task if it is time to."""
        with self.lock:
            if self.task.what and time.monotonic() >= self.due:
                self.due = time.monotonic() + self.pause
                self.show(self.task)

    def _run(self) -> None:
        while not self.over.wait(self.tick):
            self.look()

    def show(self, task: Task) -> None:
        """Shows the task."""
        raise NotImplementedError

    def clear(self) -> None:
        """Makes room for what a command prints."""

    def close(self) -> None:
        """Ends the thread and what it shows."""
        self.over.set()
        with self.lock:
            self.clear()


class Lines(Display):
    """A plain line."""

    def show(self, task: Task) -> None:
        """Prints the line."""
        count = f" {task.done}/{task.total}" if task.total else ""
        time_left = "" if task.left is None else f", {span(task.left)} left"
        so_far = f", {span(time.monotonic() - task.began)} so far" if task.left is None else ""
        print(shown(f"{task.what}{count}{time_left}{so_far}"), file=sys.stderr, flush=True)


class Bar(Display):
    """The task and its bar, which leave no trace."""

    patience, pause = 0.5, 0.25

    def __init__(self, first: str = FIRST) -> None:
        super().__init__(first)
        self.live: Any = None

    def show(self, task: Task) -> None:
        """Draws it."""
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        if self.live is None:
            both = sys.stdout.isatty()
            self.live = Live(
                console=Console(stderr=True), auto_refresh=False, transient=True, redirect_stdout=both
            )
            self.live.start()
        lines = drawn(
            task, self.live.console.width - 1, plain=not self.live.console.encoding.startswith("utf")
        )
        self.live.update(Text("\n".join(lines), no_wrap=True), refresh=True)

    def clear(self) -> None:
        """Removes it."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def drawn(task: Task, width: int, *, plain: bool = False) -> list[str]:
    """The task in two lines, or in one if its length is not known."""
    what = shown(task.what, width)[:width]
    if not task.total:
        return [f"{what}  {span(time.monotonic() - task.began)}"[:width]]
    signs: dict[str, Any] = {"full": "=", "empty": "-"} if plain else {}
    return [what, *progress_lines(width, done=task.done, total=task.total, left=task.left, **signs)]
