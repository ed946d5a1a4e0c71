"""Progress of the commands that train nothing: a bar for each task on a terminal."""

import sys
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
    TimeRemainingColumn,
)

from gancore.errors import shown

Report = Callable[[str, int, int], Any]


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
