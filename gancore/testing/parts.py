"""Checks of all parts."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from gancore.component.discovery import registry
from gancore.component.part import Part, children, option_fields, seats
from gancore.component.specs import build, from_toml, spec, to_toml
from gancore.component.weights import load_state
from gancore.errors import UnknownPart
from gancore.recipes.base import Recipe
from gancore.testing.check import check, ensure
from gancore.testing.following import changes, ensure_follows
from gancore.testing.forward import can_run, disturb, evaluate, use
from gancore.testing.stage import weights
from gancore.testing.trial import Trial

COINCIDENCES = 12
"""Number of seats in which a random value of few bits would have to be equal."""
MANY = 8
"""Smallest number of values in a weight that is taken for random."""


@check(Part, trials=1)
def documented(trial: Trial[Part]) -> None:
    """The class has a docstring of its own."""
    cls = type(trial.part)
    ensure(
        bool((cls.__dict__.get("__doc__") or "").strip()),
        f"{cls.__name__} has no docstring; say what it is, and which paper it follows",
    )


@check(Part, trials=1)
def offered(trial: Trial[Part]) -> None:
    """The class has a name of its own, under which an installed plugin offers it."""
    cls = type(trial.part)
    ensure("name" in cls.__dict__, f"{cls.__name__} has no name of its own; decorate it with @part('name')")
    name = registry().name_of(cls)
    try:
        found: object = registry().find(cls.kind, name)
    except UnknownPart:
        found = None
    ensure(
        found is cls,
        f"no installed plugin offers {cls.__name__}; return it from your plugin's hook gancore_parts",
    )


@check(Part)
def spec_round_trip(trial: Trial[Part]) -> None:
    """Its spec, also as TOML and JSON, builds an equal part."""
    part = trial.part
    table = spec(part, complete=True)
    text = from_toml(to_toml(table))
    text.pop("gancore")
    ensure(
        json.loads(json.dumps(table)) == table == text,
        f"its spec is not plain data: {table!r} reads back as {text!r}",
    )
    again = build(text, part.kind)
    ensure(
        type(again) is type(part), f"its spec builds a {type(again).__name__}, expected {type(part).__name__}"
    )
    ensure(
        spec(again, complete=True) == table,
        f"the part built from its spec has another spec: {spec(again, complete=True)!r}, expected {table!r}",
    )
    for a in option_fields(type(part)):
        mine, other = getattr(part, a.name), getattr(again, a.name)
        ensure(mine == other, f"{a.name} is {other!r} in the part built from its spec, expected {mine!r}")
    again.bind(seed=trial.seed, path="seat")
    _ensure_equal(again, part, "the part built from its spec, in the same seat from the same seed,")


@check(Part)
def same_seed_same_weights(trial: Trial[Part]) -> None:
    """Initial weights depend only on the seed and the seat."""
    torch.manual_seed(1)
    first = trial.shared(1)
    torch.manual_seed(2)
    torch.rand(17)
    _ensure_equal(trial.fresh(seed=1), first, "another part in the same seat from the same seed")


@check(Part)
def another_seat_other_weights(trial: Trial[Part]) -> None:
    """Random initial weights differ between seats."""
    first, other = trial.shared(1).state_dict(), trial.shared(2).state_dict()
    moved = trial.fresh(seed=1, path="another.seat").state_dict()
    same = [
        name
        for name in first
        if not torch.equal(first[name], other[name]) and torch.equal(first[name], moved[name])
    ]
    for number in range(
        COINCIDENCES if same else 0
    ):  # a sign, or a value of few bits, may be equal by chance
        moved = trial.fresh(seed=1, path=f"another.seat.{number}").state_dict()
        same = [name for name in same if torch.equal(first[name], moved[name])]
    ensure(
        not same,
        f"{', '.join(same)} depend on the seed, yet are equal in two seats; "
        "draw them in build, from the global generator",
    )


@check(Part)
def another_seed_other_weights(trial: Trial[Part]) -> None:
    """Trainable weights of many different values differ between seeds."""
    first, other = trial.shared(1), dict(trial.shared(2).named_parameters())
    same = [
        name
        for name, weight in first.named_parameters()
        if weight.requires_grad and _looks_random(weight) and torch.equal(weight, other[name])
    ]
    ensure(
        not same,
        f"{', '.join(same[:4])} are equal for two seeds; draw them in build, from the global generator, or "
        "make them buffers if they are constants",
    )


def _looks_random(weight: Tensor) -> bool:
    several = len(set(weight.flatten().tolist()))
    return weight.numel() >= MANY and several > weight.numel() / 2


@check(Part)
def build_starts_afresh(trial: Trial[Part]) -> None:
    """A part that is built again, from another seed, equals one that was built only once."""
    used, once = trial.fresh(seed=1), trial.shared(2)
    used.bind(seed=2, path="seat")
    _ensure_equal(used, once, "a part built a second time")
    ensure(
        spec(used) == spec(once),
        "a part built a second time has other options; build may not change fields",
    )


@check(Part)
def state_dict_round_trip(trial: Trial[Part]) -> None:
    """All that was learned is in the state dict, also what updates of buffers learned."""
    disturb(trial.part)
    if can_run(trial.part):
        use(trial, trial.part)
    other = trial.fresh(seed=trial.seed + 1)
    load_state(other, trial.part.state_dict())
    _ensure_equal(other, trial.part, "a part that loaded the state dict")
    for training in (False, True) if can_run(trial.part) else ():
        mine, theirs = (evaluate(trial, part, training=training) for part in (trial.part, other))
        ensure(
            torch.equal(mine, theirs),
            "a part that loaded the state dict gives other results; keep what it learns in "
            "parameters and buffers",
        )


@check(Part)
def deepcopy_round_trip(trial: Trial[Part]) -> None:
    """A deep copy is equal, and shares nothing with the original."""
    copied, kept = deepcopy(trial.part), weights(trial.part)
    ensure(spec(copied, complete=True) == spec(trial.part, complete=True), "a deep copy has another spec")
    _ensure_equal(copied, trial.part, "a deep copy")
    before = evaluate(trial, trial.part) if can_run(trial.part) else None
    disturb(copied)
    if before is not None:
        ensure(
            torch.equal(evaluate(trial, trial.part), before),
            "moving the weights of a deep copy moves the original's results",
        )
        twin = deepcopy(copied)
        ensure(torch.equal(evaluate(trial, twin), evaluate(trial, copied)), "a deep copy gives other results")
    _ensure_state(trial.part.state_dict(), kept, "the original of a deep copy that was moved")


@check(Part, trials=1)
def follows_schedules(trial: Trial[Part]) -> None:
    """An option that changes while training takes effect as if it had been given; one that decides layers
    takes no schedule.
    """
    for name, number, other in changes(trial):
        ensure_follows(trial, name, number, other)


def _seats_no_weights(part: Part) -> str:
    if isinstance(part, Recipe):
        return "a recipe starts its averages anew"
    return "" if any(child.state_dict() for _, child in children(part)) else "no part in it has weights"


@check(Part, excuse=_seats_no_weights, trials=1)
def leaves_seated_parts_alone(trial: Trial[Part]) -> None:
    """The parts in its seats may stand in another holder too: a second holder around them makes no layer and
    no weight of theirs anew.
    """
    part, configuration = trial.part, trial.configuration
    before = {path: deepcopy(child) for path, child in children(part)}
    layers = {path: dict(child.named_parameters()) for path, child in children(part)}
    seated = {place.name: value for place in seats(type(part)) if (value := getattr(part, place.name))}
    options = {name: value for name, value in configuration.options.items() if name not in seated}
    second = type(part)(**deepcopy(options), **seated)
    second.bind(seed=trial.seed + 1, path="second", by="the contract kit", facts=configuration.facts)
    for path, child in children(second):
        anew = [name for name, p in child.named_parameters() if layers[path].get(name) is not p]
        ensure(not anew, f"a second holder makes {', '.join(anew[:3])} of {path} anew")
        _ensure_equal(child, before[path], f"{path}, once it stands in a second holder,")


def _ensure_equal(found: Part, expected: Part, who: str) -> None:
    _ensure_state(found.state_dict(), expected.state_dict(), who)


def _ensure_state(mine: Mapping[str, Any], theirs: Mapping[str, Any], who: str) -> None:
    ensure(
        set(mine) == set(theirs), f"{who} also holds {_less(mine, theirs)}, and lacks {_less(theirs, mine)}"
    )
    wrong = [name for name in mine if not _same(mine[name], theirs[name])]
    ensure(not wrong, f"{who} differs in {', '.join(wrong[:4])}")


def _less(some: Mapping[str, Any], others: Mapping[str, Any]) -> str:
    return ", ".join(sorted(set(some) - set(others))[:4]) or "nothing"


def _same(some: Tensor, others: Tensor) -> bool:
    return some.shape == others.shape and some.dtype == others.dtype and torch.equal(some, others)
