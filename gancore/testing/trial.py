"""The inputs of checks: small configurations of a class, with the facts that its parts accept."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin
from unittest import SkipTest

import attrs
import torch
from torch import Tensor

from gancore.component.part import Part, fact_fields, option_fields, seats
from gancore.component.randomness import fold
from gancore.errors import FactError, FitError, UserError

P = TypeVar("P", bound=Part)

IMAGES = ((3, 16, 16), (1, 8, 8), (2, 12, 20), (1, 32, 32), (4, 16, 24))
CANDIDATES: Mapping[str, tuple[Any, ...]] = {
    "image": IMAGES,
    "source": IMAGES,
    "classes": (3, 0),
    "label_shape": ((), (3,)),
    "code": ((6,), (80,), (4, 6), (2, 4, 4)),
    "latent": ((5,), (3, 4, 4)),
    "features": ((6,), (4, 2, 2)),
    "latent_codes": ((3, 1), (4,)),
    "codebook_size": (7,),
}
"""The candidate facts; those that differ most come first."""
MOST = 5
"""Accepted facts tried with each of a class's examples."""
RECENT = 100
"""Shared parts, and configurations with changed options, that are kept for further checks of a class."""


@attrs.frozen(eq=False, slots=False)
class Configuration:
    """A class, with options and facts that it accepts."""

    cls: type[Part]
    options: Mapping[str, Any]
    facts: Mapping[str, Any]

    def make(self, *, seed: int = 0, path: str = "seat") -> Any:
        """A new part, built."""
        part = self.cls(**deepcopy(dict(self.options)))
        part.bind(seed=seed, path=path, by="the contract kit", facts=self.facts)
        part.require()
        return part

    @cached_property
    def part(self) -> Any:
        """A shared part of the seed 0, which no check may change."""
        return self.make()

    def shared(self, seed: int) -> Any:
        """A part of that seed, the same in every call, which no check may change."""
        return _shared(self, seed)

    def changed(self, changes: Mapping[str, Any]) -> "Configuration":
        """The same configuration with some options replaced."""
        return Configuration(self.cls, {**self.options, **changes}, self.facts)


@lru_cache(maxsize=RECENT)
def _shared(configuration: Configuration, seed: int) -> Any:
    return configuration.make(seed=seed)


class Trial(Generic[P]):
    """One configuration with a batch size and a seed. Everything that a check uses is derived from it, so
    each repetition is the same.
    """

    def __init__(self, configuration: Configuration, *, n: int = 2, seed: int = 0) -> None:
        self.configuration, self.n, self.seed = configuration, n, seed

    def __repr__(self) -> str:
        given = {**self.configuration.options, **self.configuration.facts}
        return (
            f"{self.configuration.cls.__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())}), "
            f"n={self.n}, seed={self.seed}"
        )

    @cached_property
    def part(self) -> P:
        """The part under test, built from the trial's seed."""
        return self.fresh()

    def fresh(self, *, seed: int | None = None, path: str = "seat") -> P:
        """Another part of the same configuration."""
        made: P = self.configuration.make(seed=self.seed if seed is None else seed, path=path)
        return made

    def shared(self, seed: int) -> P:
        """The configuration's part of a seed, which is not to be changed; cheaper than a `fresh` one."""
        made: P = self.configuration.shared(seed)
        return made

    def rng(self, word: str = "") -> torch.Generator:
        """A random generator that depends on the trial's seed and the word."""
        return torch.Generator().manual_seed(fold(self.seed, "trial", word))

    def normal(self, *shape: int, word: str = "") -> Tensor:
        """Normal numbers that depend on the trial's seed and the word."""
        return torch.randn(*shape, generator=self.rng(word))

    def latents(self, part: Any, n: int | None = None) -> Tensor:
        """Latents that a conditioner reads: normal, or indices below its codebook's size."""
        shape = (n or self.n, *part.latent_shape)
        if size := part.codebook_size:
            return torch.randint(size, shape, generator=self.rng("latent"))
        return self.normal(*shape, word="latent")

    def images(self, *shape: int, word: str = "image") -> Tensor:
        """Random images in [-1, 1]."""
        return torch.rand(*shape, generator=self.rng(word)) * 2 - 1

    def labels(self, classes: int, n: int | None = None) -> Tensor:
        """Labels int64 `(n,)`."""
        return torch.randint(classes, (n or self.n,), generator=self.rng("label"))

    def label_rows(self, size: int, n: int | None = None) -> Tensor:
        """Labels float32 `(n, size)` of any sign."""
        return torch.randn(n or self.n, size, generator=self.rng("label rows"))


_KNOWN: dict[type[Part], tuple[Configuration, ...]] = {}


def configurations(cls: type[Part]) -> tuple[Configuration, ...]:
    """Small configurations of a class: each of its `examples` with facts that it accepts.

    Raises:
        UserError: some example accepts no facts, or the kit does not know what to draw for a field.
        SkipTest: the class leaves seats open, and its examples do not fill them.
    """
    if cls in _KNOWN:
        return _KNOWN[cls]
    found: list[Configuration] = []
    for example in cls.examples:
        _check_open(cls, example)
        refusals: list[str] = []
        accepted = list(islice(_accepted(cls, example, refusals), MOST))
        if not accepted:
            raise UserError(
                f"{cls.__name__} accepts none of the facts tried with {dict(example)!r} (last: "
                f"{refusals[-1]}); "
                f"declare `examples` that hold the facts it needs, as examples = ({{'image': (3, 64, 64)}},)"
            )
        found += accepted
    return _KNOWN.setdefault(cls, tuple(found))


def _check_open(cls: type[Part], example: Mapping[str, Any]) -> None:
    open_seats = [
        place.name for place in seats(cls) if place.default is attrs.NOTHING and place.name not in example
    ]
    if open_seats:
        raise SkipTest(
            f"it leaves the seats {', '.join(open_seats)} open; check subclasses that fill them, "
            "or fill them in `examples`"
        )
    needed = [
        a.name for a in option_fields(cls) if a.init and a.default is attrs.NOTHING and a.name not in example
    ]
    if needed:
        raise UserError(
            f"{cls.__name__} has no default for {', '.join(needed)}; "
            f"declare `examples`, as examples = ({{{needed[0]!r}: …}},)"
        )


def _accepted(cls: type[Part], example: Mapping[str, Any], refusals: list[str]) -> Iterator[Configuration]:
    for facts in _facts(cls, example):
        configuration = Configuration(cls, example, facts)
        try:
            configuration.part.require()
        except (FactError, FitError) as refusal:
            refusals.append(str(refusal))
        else:
            yield configuration


def _facts(cls: type[Part], example: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All combinations of the facts that the example leaves open; the first few are as different as
    possible.
    """
    needed = [f for f in fact_fields(cls) if f.name not in example]
    unknown = [f.name for f in needed if f.name not in CANDIDATES and f.default is None]
    if unknown:
        raise UserError(
            f"the contract kit draws {', '.join(CANDIDATES)}, not {unknown[0]!r}: "
            f"give {cls.__name__} `examples` that hold it"
        )
    names = [f.name for f in needed if f.name in CANDIDATES]
    ranked = sorted(
        product(*(enumerate(CANDIDATES[name]) for name in names)),
        key=lambda row: sum(rank for rank, _ in row),
    )
    found = [dict(zip(names, (value for _, value in row), strict=True)) for row in ranked]
    return [facts for facts in found if _consistent({**example, **facts})]


def _consistent(facts: Mapping[str, Any]) -> bool:
    """Whether a row of numbers has one for each class."""
    return facts.get("label_shape", ()) in ((), (facts.get("classes"),))


def choices(configuration: Configuration) -> dict[str, list[Any]]:
    """The values of options with few values (booleans, one of several words) that an example leaves open; the
    default comes first.
    """
    found = {}
    for a in option_fields(configuration.cls):
        values = _values(a)
        if a.name not in configuration.options and values:
            default = getattr(configuration.part, a.name)
            found[a.name] = [default, *(v for v in values if v != default)]
    return found


def _values(attribute: "attrs.Attribute[Any]") -> list[Any]:
    if attribute.type is bool:
        return [False, True]
    if get_origin(attribute.type) is Literal:
        return list(get_args(attribute.type))
    options = getattr(attribute.validator, "options", ())
    return list(options) if isinstance(options, tuple | list | frozenset | set) else []
