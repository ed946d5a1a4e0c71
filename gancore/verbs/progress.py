"""Progress callbacks of commands."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor

Progress = Callable[[str, int, int], Any]
"""Called with the current task, how much of it is done, and its total; a total of 0 means unknown."""


def silent(what: str, done: int, total: int) -> None:
    """Does nothing; the default."""


def counted(
    batches: Iterable[Tensor], total: int, progress: Progress, what: str = "images"
) -> Iterator[Tensor]:
    """Passes the batches through; the progress counts their rows."""
    done = 0
    progress(what, done, total)
    for batch in batches:
        yield batch
        done += len(batch)
        progress(what, done, total)
