"""Progress of long work: whoever does it tells how far it is, and whoever listens shows it."""

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Progress = Callable[[str, int, int], Any]
"""Called with the current task, how much of it is done, and its total; a total of 0 means unknown. An empty
task says that nothing is going on.
"""

B = TypeVar("B", bound=Sized)


def silent(what: str, done: int = 0, total: int = 0) -> None:
    """Does nothing."""


_listener: ContextVar[Progress] = ContextVar("listener", default=silent)


def tell(what: str, done: int = 0, total: int = 0) -> None:
    """Tells the one who listens in this context, if anyone does."""
    _listener.get()(what, done, total)


@contextmanager
def listening(progress: Progress) -> Iterator[None]:
    """Inside the block, `progress` is called with all that is told."""
    if progress is tell:
        yield
        return
    token = _listener.set(progress)
    try:
        yield
    finally:
        _listener.reset(token)


def heard() -> bool:
    """Whether anyone listens in this context."""
    return _listener.get() is not silent


@contextmanager
def hushed() -> Iterator[None]:
    """Inside the block nobody listens: its progress is shown otherwise, as that of a training."""
    tell("")
    with listening(silent):
        yield


def counted(batches: Iterable[B], total: int, progress: Progress = tell, what: str = "images") -> Iterator[B]:
    """Passes the batches through; the progress counts their rows."""
    done = 0
    progress(what, done, total)
    for batch in batches:
        yield batch
        done += len(batch)
        progress(what, done, total)
