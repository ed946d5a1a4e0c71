"""Parsing of seeds, layers and changes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from gancore.errors import SpecError, UserError
from gancore.latent.mixing import BANDS, band_of

MOST = 10_000

Numbers = str | int | Sequence[int]
"""Integers: 3, [1, 2, 3], or as text "1,2,3" or "4-9"."""

Changes = Mapping[str, Any] | Sequence[str]
"""Fields of a recipe by path: {"generator.width": 96}, or as text ["generator.width=96"]."""


def numbers_of(option: str, given: Numbers) -> list[int]:
    """Integers, from numbers or text such as `1,2,3` or `4-9`. Raises UserError that names the option."""
    given = str(given) if isinstance(given, int) else given
    if not isinstance(given, str):
        return [number for word in given for number in numbers_of(option, str(word))]
    found: list[int] = []
    for word in given.split(","):
        first, dash, last = word.strip().partition("-")
        if (
            not first.isdecimal()
            or (dash and not last.isdecimal())
            or (dash and not int(first) <= int(last) < int(first) + MOST)
        ):
            raise UserError(f"{option} takes non-negative integers, e.g. 1,2,3 or 4-9; got {given!r}")
        found += range(int(first), int(last or first) + 1)
    return found


Amounts = float | str | Sequence[float]
"""Numbers: 0.7, [0.5, 0.7, 1], or as text "0.5,0.7,1"."""


def amounts_of(option: str, given: Amounts) -> list[float]:
    """Numbers, from numbers or text such as `0.5,0.7,1`. Raises UserError that names the option."""
    words = given.split(",") if isinstance(given, str) else several(given)
    try:
        found = [float(word) for word in words]
    except (TypeError, ValueError):
        raise UserError(f"{option} takes a number, or several as 0.5,0.7,1; got {given!r}") from None
    if not found:
        raise UserError(f"{option} needs at least one number")
    return found


def layers_named(given: Numbers, total: int) -> Collection[int]:
    """Layers, from coarse, middle, fine, or their numbers. Raises UserError if there are no such layers."""
    if not total:
        raise UserError("this generator reads one code for the whole image and has no layers; omit --layers")
    if isinstance(given, str) and given in BANDS:
        return band_of(given, total)
    if isinstance(given, str) and given[:1].isalpha():
        raise UserError(f"--layers takes {', '.join(BANDS)}, or numbers such as 0-3; got {given!r}")
    found = numbers_of("--layers", given)
    if max(found) >= total:
        raise UserError(f"layer {max(found)} is out of range; give numbers from 0 to {total - 1}")
    return found


def changes_of(given: Changes) -> dict[str, Any]:
    """Changes by path. Text values are TOML, or else plain strings. Raises SpecError for one without `=`."""
    from gancore.component.specs import value_of

    if isinstance(given, Mapping):
        return dict(given)
    found = {}
    for change in given:
        path, equals, value = change.partition("=")
        if not equals or not path:
            raise SpecError(f"--set takes path=value, e.g. generator.width=96; got {change!r}")
        found[path.strip()] = value_of(value.strip())
    return found


def several(given: Any) -> list[Any]:
    """One or several values, as a list."""
    return list(given) if isinstance(given, Iterable) and not isinstance(given, str | bytes) else [given]


def given(**options: Any) -> dict[str, Any]:
    """The options that were given, so each default is defined in one place."""
    return {name: value for name, value in options.items() if value is not None}
