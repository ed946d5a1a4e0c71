"""How a verb says how far it is."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from torch import Tensor

Progress = Callable[[str, int, int], Any]
"""Called with what is being done, how much of it is done, and how much there is; 0 where that is unknown."""


def silent(what: str, done: int, total: int) -> None:
    """Says nothing: the progress of a verb that was given none."""


def counted(
    batches: Iterable[Tensor], total: int, progress: Progress, what: str = "images"
) -> Iterator[Tensor]:
    """The batches as they come; the progress counts their rows."""
    done = 0
    progress(what, done, total)
    for batch in batches:
        yield batch
        done += len(batch)
        progress(what, done, total)
