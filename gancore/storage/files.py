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


FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of the errors of a full disk."""


@contextmanager
def whole_file(path: Path, size: int | None = None) -> Iterator[Path]:
    """A temporary path to write to; it becomes `path` if the block succeeds, and is removed otherwise.

    `size` is the number of bytes, if that is known: where the disk is full, the OSError says it.
    """
    aside = _aside(path)
    try:
        yield aside
        sync(aside)
        os.replace(aside, path)
        sync(path.parent)
    except OSError as error:
        raise with_need(error, aside, size) from error
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, size: int | None = None) -> Iterator[Path]:
    """A temporary folder to fill; it becomes `path`, which must not exist, if the block succeeds. `size` is
    as for `whole_file`.
    """
    aside = _aside(path)
    try:
        aside.mkdir(parents=True)
        yield aside
        for file in (f for f in aside.rglob("*") if f.is_file()):
            sync(file)
        sync(aside)
        os.rename(aside, path)
        sync(path.parent)
    except OSError as error:
        raise with_need(error, aside, size) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _aside(path: Path) -> Path:
    """A new name beside it, which no system finds too long."""
    return path.with_name(f".{path.name[:40]}.{uuid.uuid4().hex[:8]}.tmp")


def with_need(error: OSError, aside: Path, size: int | None) -> OSError:
    """The error of a full disk with the bytes that are needed, and those that are free once `aside`, which is
    incomplete, is gone; any other error as it is.
    """
    if error.errno not in FULL:
        return error
    done = _bytes(aside)
    need = f"more than {done / 1e6:.3g}" if size is None else f"{size / 1e6:.3g}"
    free = shutil.disk_usage(aside.parent).free + done
    said = f"{error.strerror} ({need} MB are needed, {free / 1e6:.3g} MB are free)"
    return OSError(error.errno, said, error.filename)


def reason(error: OSError) -> str:
    """Why something was not written, as the system says it, without the bytes."""
    return os.strerror(error.errno) if error.errno in FULL else error.strerror or str(error)


def _bytes(path: Path) -> int:
    """The size of a file, or of all files in a folder; 0 where nothing is there."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def replace_folder(path: Path, filled: Path) -> None:
    """Replaces a folder by another. On Linux the two change places at once, so that one is always there;
    elsewhere the old one is moved aside first.
    """
    old = _aside(path)
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
    aside = _aside(folder)
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
    content = text.encode("utf-8")
    with whole_file(path, len(content)) as aside:
        aside.write_bytes(content)


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
