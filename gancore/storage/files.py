"""Files that are either whole or not there: written aside, synced, renamed."""

import hashlib
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gancore.storage.inside import is_folder, no_follow


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; it becomes `path` when the block ends well, and vanishes when it does not."""
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
    """A new folder to fill; it becomes `path`, which must not exist, when the block ends well."""
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
    """Puts a filled folder in the place of another, which is moved aside first and removed last."""
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    if path.exists():
        os.rename(path, old)
    try:
        os.rename(filled, path)
    except OSError:
        if old.exists():
            os.rename(old, path)
        raise
    sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def discard(folder: Path) -> None:
    """Removes a folder; killed in the midst of it, what is left goes by another name, which `sweep`
    removes.
    """
    aside = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
    os.rename(folder, aside)
    shutil.rmtree(aside, ignore_errors=True)


def leftovers(folder: Path) -> list[Path]:
    """What is half-written in a folder."""
    return list(folder.glob(".*.tmp"))


def sweep(folder: Path) -> None:
    """Removes what a killed process left half-written in a folder; only for the one process that writes
    there.
    """
    for left in leftovers(folder):
        if is_folder(left):
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a whole text file."""
    with whole_file(path) as aside:
        aside.write_text(text, encoding="utf-8")


def distinct(names: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """Names of which none occurs twice or is taken: those that would get the first number that makes them
    free, as `face-0`.
    """
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
    """Makes a file or folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text. Raises OSError where it is a link or no regular file."""
    with open(path, "rb", opener=no_follow) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
