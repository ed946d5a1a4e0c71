"""Recipes and words of `--set` that nobody would write: random ones, and good ones that were altered."""

import contextlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from gancore import spec
from gancore.component.bounded import Bounded
from gancore.component.discovery import registry
from gancore.component.part import Part, fact_fields, option_fields, seats
from gancore.component.specs import build, from_toml, to_toml
from gancore.errors import GancoreError, SpecError
from gancore.verbs.recipes import recipe_of

Case = tuple[str, Callable[[], Any]]
NUMBERS = (
    10**5000,
    -(10**400),
    2**64,
    2**63,
    2**31,
    10**6,
    64,
    16,
    8,
    4,
    3,
    2,
    1,
    0,
    -1,
    0.5,
    0.1,
    1e308,
    1e-320,
)
ODD: tuple[Any, ...] = (
    *NUMBERS, float("inf"), float("nan"), True, "", "x" * 10_000, "\x1b[2J", "hinge", [], {}, [[]],
    [1e308] * 3, [3, 16, 16], [10**30], {"part": "x"}, {"part": {"part": "x"}}, {"": 1}, {"a.b": 1},
    {"same": "generator"}, {"same": ""}, {"part": "hinge"}, ["hinge", "hinge"], {"schedule": "linear"},
)  # fmt: skip
KEYS = [
    "part",
    "gancore",
    "from",
    "frozen",
    "same",
    "image",
    "code",
    "classes",
    "latent",
    "label_shape",
    "x",
    ".",
]
TEXTS = (
    "9" * 5000, "0x" + "f" * 5000, "1e999999", "-inf", "nan", "[" * 3000 + "]" * 3000,
    "{a=" * 300 + "1" + "}" * 300, '"\\u0000"', "[[]]", "[1, [2, 'a']]", "{}", "9999-99-99", "true", '""',
    "1979-05-27T07:32:00Z", "'" + "y" * 9000 + "'", '"' + "hinge" * 3 + '"', "{part='r1', every=0}",
    "[{part='r1'}, 3]", "{schedule='linear'}", "\\", "=", "0", "1", "2", "16", "-1", "0.5", "'hinge'", "1e-9",
)  # fmt: skip
BOUND = 2**27


def configurations(rng: np.random.Generator, count: int) -> Iterator[Case]:
    """A third random tables, a third altered files, a third altered words of `--set`."""
    makers = (_random, _altered, _changes)
    for number in range(count):
        yield makers[number % 3](rng)


def _random(rng: np.random.Generator) -> Case:
    table = _table(rng, "recipe", 0, odd=float(_pick(rng, (0.02, 0.1, 0.3))))
    return f"a table {_words(table)}", lambda: _tried(lambda: build(table))


def _altered(rng: np.random.Generator) -> Case:
    lines = _pick(rng, _recipes()).splitlines()
    for _ in range(rng.integers(1, 4)):
        _alter(rng, lines)
    text = "\n".join(lines)
    return f"a file {text!r}", lambda: _tried(lambda: build(from_toml(text)))


def _changes(rng: np.random.Generator) -> Case:
    text = _pick(rng, _recipes())
    name = str(from_toml(text)["part"])
    keys = [line.partition(" = ")[0] for line in text.splitlines() if " = " in line]
    heads = [line.strip("[]") for line in text.splitlines() if line.startswith("[")]
    paths = [*keys, *heads, *(f"{_pick(rng, heads or ['x'])}.{key}" for key in (*keys, *KEYS))]
    paths += [".", "a." * 10_000, "regularizers.0.gamma", "regularizers.99999999999999999999.x", "=", "a..b"]
    words = [f"{_pick(rng, paths)}={_pick(rng, TEXTS)}" for _ in range(rng.integers(1, 4))]
    return f"{name} --set {_words(words)}", lambda: _tried(lambda: recipe_of(name, words))


def _tried(make: Callable[[], Part]) -> str:
    """Builds it, gives it the facts of small data, and writes it down again."""
    with Bounded(BOUND, lambda asked: SpecError(f"asked for {asked} bytes")):
        part = make()
        with contextlib.suppress(AttributeError):
            part.bind(seed=0, by="the data", facts={"image": (3, 16, 16), "classes": 0, "label_shape": ()})
        return str(len(to_toml(spec(part))))


def _table(rng: np.random.Generator, kind: str, depth: int, odd: float) -> dict[str, Any]:
    found = _pick(rng, registry().registrations(kind))
    table: dict[str, Any] = {"part": found.cls.name if rng.random() < 0.9 else found.qualified_name}
    for field in (*option_fields(found.cls), *fact_fields(found.cls)):
        if rng.random() < odd:
            table[field.name] = _pick(rng, ODD)
    for seat in seats(found.cls):
        if rng.random() < 0.4 and depth < 3:
            kind = seat.interface.kind if rng.random() > odd / 3 else _pick(rng, registry().kinds())
            inner = _table(rng, kind, depth + 1, odd)
            table[seat.name] = [inner] * int(rng.integers(1, 3)) if seat.many else inner
        elif rng.random() < odd / 2:
            table[seat.name] = _pick(rng, ODD)
    if rng.random() < odd / 2:
        table[_pick(rng, KEYS)] = _pick(rng, ODD)
    return table


def _alter(rng: np.random.Generator, lines: list[str]) -> None:
    at, how = int(rng.integers(len(lines))), rng.integers(6)
    key, _, value = lines[at].partition(" = ")
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(int(rng.integers(len(lines))), lines[at])
    elif how == 2 and value:
        lines[at] = f"{key} = {_pick(rng, TEXTS)}"
    elif how == 3 and value:
        lines[at] = f"{_pick(rng, KEYS) or 'x'} = {value}"
    elif how == 4:
        lines[at] = "[" + ".".join([*"ab"] * int(rng.integers(1, 200))) + "]"
    else:
        place = int(rng.integers(len(lines[at]) + 1))
        lines[at] = lines[at][:place] + chr(rng.integers(1, 0x300)) + lines[at][place + 1 :]
    if not lines:
        lines.append("")


def _words(value: Any) -> str:
    try:
        return repr(value)[:300]
    except ValueError:
        return "with a number of thousands of digits"


@cache
def _recipes() -> list[str]:
    """All recipes as files."""
    found = []
    for entry in registry().registrations("recipe"):
        with contextlib.suppress(GancoreError):
            found.append(to_toml(spec(build(entry.cls.name))))
    return found


def _pick(rng: np.random.Generator, several: Any) -> Any:
    return several[int(rng.integers(len(several)))]
