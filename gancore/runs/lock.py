"""The lock of a run folder: only one process trains in it at a time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gancore.errors import RunError
from gancore.storage.exclusive import hold
from gancore.storage.inside import for_writing, no_follow

TRIES, PAUSE = 5, 0.02
"""How often a lock is tried, and the seconds in between: one who looks whether it is held holds it for a
moment.
"""


@contextmanager
def locked(folder: Path, lock: Path) -> Iterator[None]:
    """Locks the folder for this process, by a lock on the file `lock`. The operating system releases it when
    the process ends, for whatever reason.

    Raises:
        RunError: another process holds it, or the file cannot be written.
    """
    with _opened(folder, lock) as file:
        if not _taken(file):
            file.seek(0)
            who = file.read().strip() or "?"
            raise RunError(f"{folder} is in use by process {who}; wait for it, or train into another folder")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock; the file is not changed."""
    try:
        with open(lock, "rb", opener=no_follow) as file:
            return not hold(file.fileno(), shared=True)
    except OSError:
        return False


def _taken(file: IO[str]) -> bool:
    for _ in range(TRIES):
        if hold(file.fileno()):
            return True
        time.sleep(PAUSE)
    return False


def _opened(folder: Path, lock: Path) -> IO[str]:
    try:
        return os.fdopen(for_writing(lock), "a+", encoding="utf-8")
    except OSError as error:
        raise RunError(
            f"cannot write in the run folder {folder}: {error.strerror or error}; a training needs to"
        ) from None
