"""``log.jsonl``: the reports of a run, one JSON object per line."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, SupportsFloat

from gancore.errors import RunError
from gancore.storage.files import reason, whole_file
from gancore.storage.inside import for_writing
from gancore.storage.jsonl import Line, encode, read_lines


class Log:
    """The log of one run, opened for appending.

    A report is ``{"step", "images", "seconds", "scalars": {name: float}}``, an event ``{"event": name,
    ...}``. A line counts once its newline is written: an incomplete last line is ignored by ``read`` and
    removed before the next line is appended.

    Raises:
        RunError: the file cannot be opened or written, or a line before the last is not a JSON object.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def write(self, *, step: int, images: int, seconds: float, scalars: Mapping[str, SupportsFloat]) -> None:
        """Append one report; a scalar may be a number or a tensor of one element."""
        values = {name: float(value) for name, value in scalars.items()}
        self._append({"step": step, "images": images, "seconds": round(seconds, 3), "scalars": values})

    def event(self, name: str, /, **facts: Any) -> None:
        """Append one event; pass ``images`` if it happened at a known image count."""
        self._append({"event": name, **facts})

    def truncate(self, images: int) -> None:
        """Remove all lines from after ``images`` images, and that the run has finished, so that a resumed run
        repeats no line.

        A line without an image count belongs to the line before it.
        """
        self.close()
        if not self.path.exists():
            return
        kept, last = [], 0
        for line in self.read(self.path):
            last = line.get("images", last)
            if last <= images and line.get("event") != "finished":
                kept.append(encode(line))
        try:
            with whole_file(self.path) as aside:
                aside.write_bytes(b"".join(kept))
        except OSError as error:
            raise _not_written(self.path, error) from error

    def sync(self) -> None:
        """Makes what was written durable."""
        if self._file is not None:
            try:
                os.fsync(self._file)
            except OSError as error:
                raise _not_written(self.path, error) from error

    @staticmethod
    def read(path: Path | str) -> list[Line]:
        """All complete lines, scalars as floats; a missing file has none."""
        return read_lines(Path(path))

    def close(self) -> None:
        """Close the file; a later ``write`` opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, line: Line) -> None:
        content = encode(line)
        try:
            if self._file is None:
                self._file = _open_mended(self.path)
            _write_all_or_nothing(self._file, content)
        except OSError as error:
            raise _not_written(self.path, error) from error


def _not_written(path: Path, error: OSError) -> RunError:
    return RunError(
        f"could not write {path}: {reason(error)}; the lines written so far are intact. "
        "Free some space, then resume the run."
    )


def _open_mended(path: Path) -> int:
    """Open for appending, and remove an incomplete last line left by a killed process."""
    file = for_writing(path)
    size = os.fstat(file).st_size
    if size:
        os.lseek(file, 0, os.SEEK_SET)
        os.ftruncate(file, os.read(file, size).rfind(b"\n") + 1)
    return file


def _write_all_or_nothing(file: int, content: bytes) -> None:
    size = os.fstat(file).st_size
    try:
        written = 0
        while written < len(content):
            written += os.write(file, content[written:])
    except OSError:
        if os.fstat(file).st_size > size:
            os.ftruncate(file, size)
        raise
