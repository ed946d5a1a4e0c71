"""Values of tables and logs as readable text."""

import math
from collections.abc import Iterable, Mapping
from typing import Any


def duration(seconds: float) -> str:
    """Seconds as readable text."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def words(value: Any) -> str:
    """A value of a TOML or JSON table."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {words(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return (" × " if all(isinstance(entry, int) for entry in value) else ", ").join(map(words, value))
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000
        else str(value)
    )


def figure(value: float | None, digits: int = 4) -> str:
    """A number with this many significant digits, without an exponent at ordinary magnitudes."""
    if value is None or not math.isfinite(value):
        return "not finite"
    if value == round(value) and abs(value) < 1e9:
        return f"{value:,.0f}"
    size = math.floor(math.log10(abs(value)))
    return f"{value:.{digits - 1}e}" if size < -4 or size > 8 else f"{value:,.{max(0, digits - 1 - size)}f}"


def counted(shown: int, total: int) -> str:
    """How many of how many."""
    return f"{shown}" if shown == total else f"{shown} of {total}"


def listed(names: Iterable[str]) -> str:
    """Names as a list in a sentence."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """Nested tables as dotted names and words."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
            for index, entry in enumerate(value):
                yield from flat(entry, f"{prefix}{name}.{index}.")
        else:
            yield prefix + name, (words(value) or "none") if isinstance(value, list) else str(value)
