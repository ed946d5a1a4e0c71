"""JSON Lines, the format of a run's log."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore.errors import RunError
from gancore.storage.inside import read_file

Line = dict[str, Any]
MOST = 2**53
"""The largest count that is read: up to there JSON's numbers are exact."""


def encode(line: Line) -> bytes:
    """One line with its newline. JSON has no non-finite numbers: they become ``"nan"``, ``"inf"`` and
    ``"-inf"``.
    """
    return json.dumps(_storable(line), allow_nan=False, default=str).encode() + b"\n"


def _storable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _storable(entry) for name, entry in value.items()}
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def read_lines(path: Path) -> list[Line]:
    """All complete lines, with their ``scalars`` as floats. A missing file has none, and a last line without
    a newline does not count.

    Raises:
        RunError: a complete line is not a JSON object.
    """
    if not path.exists():
        return []
    whole = read_file(path).split(b"\n")[:-1]
    return [_decode(text, path, number) for number, text in enumerate(whole, start=1) if text.strip()]


def _decode(text: bytes, path: Path, number: int) -> Line:
    try:
        line = json.loads(text)
        if isinstance(line, dict) and _plain(line):
            if "scalars" in line:
                line["scalars"] = {name: float(value) for name, value in line["scalars"].items()}
            return line
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        pass
    given = text[:60].decode(errors="replace")
    raise RunError(
        f"{path}, line {number}: expected one JSON object, found {given!r}; remove that line and try again."
    )


def _plain(line: Line) -> bool:
    """Whether what every line may say is what it should be: its event, and when it was."""
    counts = [line[name] for name in ("step", "images") if name in line]
    seconds = line.get("seconds", 0)
    return (
        isinstance(line.get("event", ""), str)
        and all(type(count) is int and 0 <= count <= MOST for count in counts)
        and type(seconds) in (int, float)
        and 0 <= seconds < math.inf
    )
