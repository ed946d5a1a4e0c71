"""Atomic writes: to a temporary name, then fsync, then rename."""

import ctypes
import errno
import hashlib
import os
import shutil
import sys
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gancore.storage.inside import is_folder, no_follow

NO_FOLDER_SYNC = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.EINVAL, errno.EBADF, errno.ENOTSUP)
"""What is answered where a folder cannot be flushed: by Windows when it is opened, by some network file
systems afterwards.
"""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` if the block succeeds, and is removed otherwise."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield aside
        sync(aside)
        os.replace(aside, path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder to fill; it becomes `path`, which must not exist, if the block succeeds."""
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        aside.mkdir(parents=True)
        yield aside
        for file in (f for f in aside.rglob("*") if f.is_file()):
            sync(file)
        sync(aside)
        os.rename(aside, path)
        sync(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def replace_folder(path: Path, filled: Path) -> None:
    """Replaces a folder by another. On Linux the two change places at once, so that one is always there;
    elsewhere the old one is moved aside first.
    """
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    if path.exists() and _exchange(path, filled):
        os.rename(filled, old)
    else:
        _swap(path, filled, old)
    sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _swap(path: Path, filled: Path, old: Path) -> None:
    if path.exists():
        os.rename(path, old)
    try:
        os.rename(filled, path)
    except OSError:
        if old.exists():
            os.rename(old, path)
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names in one step; says whether the system and the file system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    here, swap = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), swap) == 0


def discard(folder: Path) -> None:
    """Removes a folder. If the process is killed meanwhile, the rest is left under a temporary name, which
    `sweep` removes.
    """
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    os.rename(folder, aside)
    shutil.rmtree(aside, ignore_errors=True)


def leftovers(folder: Path) -> list[Path]:
    """The incomplete files and folders in a folder."""
    return list(folder.glob(".*.tmp"))


def sweep(folder: Path) -> None:
    """Removes what a killed process left incomplete in a folder. Only the process that writes there may call
    it.
    """
    for left in leftovers(folder):
        if is_folder(left):
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text file atomically."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def distinct(names: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Unique names that are not taken: duplicates get the first free number, as in `face-0`."""
    times, used = Counter(names), set(taken)
    kept = {name for name in times if times[name] == 1} - used
    used |= kept
    numbers = {name: count() for name in times}
    found = []
    for name in names:
        found.append(
            name if name in kept else next(new for i in numbers[name] if (new := f"{name}-{i}") not in used)
        )
        used.add(found[-1])
    return found


def sync(path: Path) -> None:
    """Flushes a file or folder to disk; a folder only where the system and the file system can."""
    try:
        handle = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if not (is_folder(path) and error.errno in NO_FOLDER_SYNC):
            raise


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text. Raises OSError where it is a link or no regular file."""
    with open(path, "rb", opener=no_follow) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
