"""Views, as JSON-compatible data: a point, a point between two, or a mix of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from gancore.errors import UserError
from gancore.latent.interpolate import Kind
from gancore.latent.spaces import SPACES

__all__ = ["Between", "Mix", "Point", "View", "view_of"]

DEEPEST = 6
FAR = 100.0
LONGEST_START, FARTHEST_START = 1 << 16, 1e6
Label = int | tuple[float, ...] | None


@dataclass(frozen=True)
class Point:
    """The latent of a seed, moved.

    Attributes:
        seed: of the latent, as in `Pipeline.sample(1, seed=seed)`.
        label: a class, or a weight for each; None draws one from the data's distribution.
        truncation: 1 for none; closer to 0, closer to the mean.
        space: `z` moves the latent, `w` the code.
        shift: how far along the two random directions of `draw`, in quarters of the typical length of a
        latent or code.
        draw: the seed of the random directions.
        principal: how far along the first principal directions, in standard deviations.
        start: the numbers of a latent (`z`) or a code (`w`; of one layer for all) to start from, in place of
        the seed's.
    """

    seed: int = 0
    label: Label = None
    truncation: float = 1.0
    space: str = "z"
    shift: tuple[float, float] = (0.0, 0.0)
    draw: int = 0
    principal: tuple[float, ...] = ()
    start: tuple[float, ...] = ()


@dataclass(frozen=True)
class Between:
    """The point a fraction `at` from one view to another: between latents (`z`; labels and truncation too) or
    codes (`w`).
    """

    between: tuple["View", "View"]
    at: float = 0.5
    space: str = "z"
    kind: Kind = "spherical"


@dataclass(frozen=True)
class Mix:
    """The first view's code, with the given layers of the second's."""

    mix: tuple["View", "View"]
    layers: tuple[int, ...] = ()


View = Point | Between | Mix


def view_of(table: Any, depth: int = 0) -> View:
    """A view from JSON data.

    Raises:
        UserError: it is not a table, a field is unknown, of the wrong type or out of range, or views are
        nested too deeply.
    """
    if not isinstance(table, Mapping):
        raise UserError(f"a view is a table, such as {{'seed': 7}}; got {_short(table)}")
    if depth > DEEPEST:
        raise UserError(
            f"views are nested more than {DEEPEST} deep; save the latent of one and start from there"
        )
    if "between" in table:
        fields = {"between": _pair, "at": _fraction, "space": _space, "kind": _kind}
        return Between(**_checked(table, fields, depth))
    if "mix" in table:
        return Mix(**_checked(table, {"mix": _pair, "layers": _layers}, depth))
    simple = {
        "seed": _seed,
        "label": _label,
        "truncation": _number,
        "space": _space,
        "shift": _shift,
        "draw": _seed,
        "principal": _numbers,
        "start": _start,
    }
    return Point(**_checked(table, simple, depth))


def _checked(table: Mapping[str, Any], fields: Mapping[str, Any], depth: int) -> dict[str, Any]:
    for name in table:
        if name not in fields:
            raise UserError(f"a view has no field {_short(name)} here; known: {', '.join(fields)}")
    return {name: fields[name](name, value, depth) for name, value in table.items()}


def _pair(name: str, value: Any, depth: int) -> tuple[View, View]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise UserError(f"{name} is two views; got {_short(value)}")
    return view_of(value[0], depth + 1), view_of(value[1], depth + 1)


def _number(name: str, value: Any, depth: int, far: float = FAR) -> float:
    # NaN and infinity are not within any bounds
    fits = isinstance(value, int | float) and not isinstance(value, bool) and -far <= value <= far
    if not fits:
        raise UserError(f"{name} is a number from {-far:g} to {far:g}; got {_short(value)}")
    return float(value)


def _fraction(name: str, value: Any, depth: int) -> float:
    number = _number(name, value, depth)
    if not 0 <= number <= 1:
        raise UserError(f"{name} is a number from 0 to 1; got {number:g}")
    return number


def _numbers(name: str, value: Any, depth: int) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > 1024:
        raise UserError(f"{name} is a list of numbers; got {_short(value)}")
    return tuple(_number(name, entry, depth) for entry in value)


def _start(name: str, value: Any, depth: int) -> tuple[float, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > LONGEST_START:
        raise UserError(f"{name} is a list of at most {LONGEST_START} numbers; got {_short(value)}")
    return tuple(_number(name, entry, depth, FARTHEST_START) for entry in value)


def _shift(name: str, value: Any, depth: int) -> tuple[float, float]:
    numbers = _numbers(name, value, depth)
    if len(numbers) != 2:
        raise UserError(f"{name} is two numbers; got {_short(value)}")
    return numbers[0], numbers[1]


def _seed(name: str, value: Any, depth: int) -> int:
    # above 2⁵³ a browser would round it
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise UserError(f"{name} is a whole number from 0 to 2⁵³ - 1; got {_short(value)}")
    return value


def _label(name: str, value: Any, depth: int) -> Label:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        return _numbers(name, value, depth)
    raise UserError(f"{name} is a class (at least 0), a list of weights, or null; got {_short(value)}")


def _layers(name: str, value: Any, depth: int) -> tuple[int, ...]:
    whole = isinstance(value, Sequence) and all(
        isinstance(entry, int) and not isinstance(entry, bool) for entry in value
    )
    if not whole or len(value) > 1024:
        raise UserError(f"{name} is a list of whole numbers; got {_short(value)}")
    return tuple(value)


def _space(name: str, value: Any, depth: int) -> str:
    return _one_of(SPACES, name, value)


def _kind(name: str, value: Any, depth: int) -> str:
    return _one_of(get_args(Kind), name, value)


def _one_of(known: Sequence[str], name: str, value: Any) -> str:
    if not isinstance(value, str) or value not in known:
        raise UserError(f"{name} is {' or '.join(known)}; got {_short(value)}")
    return value


def _short(value: Any) -> str:
    # a huge whole number has no text: Python refuses to write it out
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a huge number"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
