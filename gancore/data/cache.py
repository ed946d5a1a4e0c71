"""Decoded images on disk: one folder per data set, written under a temporary name and renamed, so that an
incomplete one is never read.
"""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from gancore.data.source import Array
from gancore.storage.files import sync
from gancore.storage.inside import odd, read_file, read_utf8

VERSION = 1
IN_MEMORY = 256 * 2**20
STALE_SECONDS = 24 * 3600
PIXELS, RECORD = "pixels.raw", "record.json"


def entry_key(digest: str, options: dict[str, Any]) -> str:
    """The name of the cache entry for this content under these options."""
    return hashlib.sha256(json.dumps([VERSION, digest, options], sort_keys=True).encode()).hexdigest()[:40]


def load(root: Path, key: str) -> tuple[Array, dict[str, Any]] | None:
    """Pixels (N, C, H, W) and their record; None unless both are intact.

    Up to 256 MiB, the pixels are read and their checksum is verified; above, they are memory-mapped and only
    their size is verified.
    """
    folder = root / key
    try:
        if any(map(odd, (folder, folder / RECORD, folder / PIXELS))):
            return None
        record = json.loads(read_utf8(folder / RECORD))
        shape, dtype = tuple(record["shape"]), np.dtype(record["dtype"])
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if (
            len(shape) != 4
            or (folder / PIXELS).stat().st_size != size
            or not isinstance(record["skipped"], list)
        ):
            return None
        if size > IN_MEMORY:
            return np.asarray(np.memmap(folder / PIXELS, dtype=dtype, mode="r", shape=shape)), record
        content = read_file(folder / PIXELS)
        if hashlib.sha256(content).hexdigest() != record["sha256"]:
            return None
        return np.frombuffer(bytearray(content), dtype=dtype).reshape(shape), record
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Writer:
    """Appends images to a temporary folder; `commit` makes it the cache entry, `abandon` removes it. Both
    leave nothing else behind.

    Rows are appended rather than written through a memory map, where a full disk would kill the process.

    Raises:
        OSError: the folder cannot be written, or the disk is full.
    """

    def __init__(self, root: Path, key: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        sweep(root)
        self.root, self.key = root, key
        self.folder = Path(tempfile.mkdtemp(prefix=".tmp-", dir=root))
        self.path = self.folder / PIXELS
        # Unbuffered: what was appended is in the file, so it can be read back if the disk fills up.
        self.file = self.path.open("wb", buffering=0)
        self.total = hashlib.sha256()

    def append(self, image: Array) -> None:
        """Appends an image (C, H, W)."""
        content = image.tobytes()
        if self.file.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.total.update(content)

    def commit(self, record: dict[str, Any]) -> None:
        """Makes the appended images the entry, durably."""
        _flush(self.file)
        with (self.folder / RECORD).open("w", encoding="utf-8") as file:
            json.dump({**record, "sha256": self.total.hexdigest()}, file)
            _flush(file)
        sync(self.folder)
        self.publish()

    def publish(self) -> None:
        """Moves the finished folder to its final name."""
        target = self.root / self.key
        try:
            self.folder.rename(target)
        except OSError:
            # Another process was faster, or there is a damaged entry: move it aside, then remove it.
            aside = Path(tempfile.mkdtemp(prefix=".tmp-", dir=self.root))
            target.rename(aside / "old")
            self.folder.rename(target)
            shutil.rmtree(aside, ignore_errors=True)
        with contextlib.suppress(OSError):
            sync(self.root)

    def abandon(self) -> None:
        """Removes everything that was written."""
        self.file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _flush(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()


def sweep(root: Path) -> None:
    """Removes what killed processes left at least a day ago."""
    for left in root.glob(".tmp-*"):
        try:
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue
