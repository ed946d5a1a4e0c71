"""The command that is being carried out."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

COMMAND: ContextVar[str] = ContextVar("command", default="")
"""As a line for a shell; empty for calls in Python."""


@contextmanager
def carried_out(words: Sequence[str]) -> Iterator[None]:
    """Says which command is carried out inside the block."""
    from gancore.runs.again import line

    before = COMMAND.set(line(["gancore", *words]))
    try:
        yield
    finally:
        COMMAND.reset(before)
