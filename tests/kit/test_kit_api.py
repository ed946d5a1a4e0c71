"""The kit's own doors: the decorator, results without pytest, expected failures."""

import importlib
import itertools
import random
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

import hypothesis
import numpy as np
import pytest
import torch
from kit_honest import HonestGenerator

from gancore import Distance, Encoder, Generator, Part, Quantizer, Recipe, field, part
from gancore.component import interfaces
from gancore.component.part import fact
from gancore.errors import UnknownPart, UserError
from gancore.measure.score import Score
from gancore.standard.losses import Hinge, Wasserstein
from gancore.standard.samplers import Normal
from gancore.testing import Trial, check_distribution, checks_for, contracts, run_check, run_checks, running
from gancore.testing.check import Check, ContractError, applies
from gancore.testing.slopes import STEPS, ensure_slope
from gancore.testing.trial import Configuration, configurations


def test_checks_are_chosen_by_kind():
    names = {check.name for check in checks_for(Hinge)}
    assert {"documented", "spec_round_trip", "gradcheck", "finite_at_extremes"} <= names
    assert "draws_latents" not in names
    assert all(check.promise.endswith(".") for check in checks_for(Hinge))


def test_the_decorator_makes_one_test_of_each_check():
    @contracts(Hinge, Normal, expected_failures={"Hinge.gradcheck": "a reason"})
    def test_contract(check):
        check()

    (mark,) = test_contract.pytestmark
    cases = {case.id: case for case in mark.args[1]}
    assert len(cases) == len(checks_for(Hinge)) + len(checks_for(Normal))
    (expected,) = cases["Hinge.gradcheck"].marks
    assert expected.kwargs == {"reason": "a reason", "strict": True}
    assert not cases["Normal.documented"].marks
    cases["Normal.documented"].values[0]()


def test_an_expected_failure_that_is_no_check_is_an_error():
    with pytest.raises(
        UserError,
        match=r"names 'Hinge.gradchek', which is not a check here; write Class.check, as Hinge.gradcheck",
    ):
        contracts(Hinge, expected_failures={"Hinge.gradchek": "a reason"})


@part("backwards")
class Backwards(Wasserstein):
    """A loss that says of itself what is wrong with it."""

    expected_failures = {
        "wants_the_right_side": "it is a mutant",
        "offered": "it is a test's",
        "gradcheck": "it does not fail",
    }

    def generator(self, fake, real=None):
        return -super().generator(fake, real)


def test_results_know_what_was_expected():
    results = {r.check: r for r in run_checks([Backwards])}
    assert results["wants_the_right_side"].outcome == "expected"
    assert results["wants_the_right_side"].reason == "it is a mutant"
    assert results["gradcheck"].outcome == "failed"
    assert (
        results["gradcheck"].reason
        == "it was expected to fail (it does not fail) but does not: remove it from `expected_failures`"
    )
    assert results["is_pure"].outcome == "passed"
    assert results["is_pure"].part == "loss/backwards"
    assert results["is_pure"].seconds > 0


def test_a_distribution_that_offers_nothing_is_named():
    with pytest.raises(
        UnknownPart, match=r"no installed distribution 'gancore-nothing' offers parts; known: .*gancore"
    ):
        check_distribution("gancore-nothing")


@part("picky")
class Picky(Generator):
    """Needs what nobody draws."""

    color: str = fact()


def test_a_fact_that_the_kit_cannot_draw_must_stand_in_the_examples():
    (result,) = [r for r in run_checks([Picky]) if r.check == "documented"]
    assert ", not 'color': give Picky `examples` that hold it" in result.reason


@pytest.fixture(scope="module")
def checks():
    kinds = [
        value for value in vars(interfaces).values() if isinstance(value, type) and issubclass(value, Part)
    ]
    return {
        check.name: check
        for kind in [*kinds, Distance, Quantizer, Recipe, Score]
        for check in checks_for(kind)
    }


def test_the_page_on_contracts_lists_every_check(checks):
    page = (Path(__file__).parents[2] / "docs" / "contracts.md").read_text(encoding="utf-8")
    assert len(checks) >= 88
    missing = [name for name, check in checks.items() if f"| `{name}` | {check.promise} |" not in page]
    assert missing == []


def plural(kind):
    kind = kind.replace("-", "_")
    return (
        kind.removesuffix("y") + "ies" if kind.endswith("y") else kind + ("es" if kind.endswith("s") else "s")
    )


def test_the_checks_of_a_kind_are_in_the_file_of_its_name(checks):
    found = {name: check.function.__module__.rpartition(".")[2] for name, check in checks.items()}
    expected = {
        name: "networks" if check.interfaces[1:] else plural(check.interfaces[0].kind)
        for name, check in checks.items()
    }
    assert found == expected


@part("signed")
class Signed(Encoder):
    """Holds a random sign, which is the same in every second seat."""

    def build(self):
        self.register_buffer("sign", torch.randn(1).sign())

    def forward(self, image):
        return image.flatten(1).float() * self.sign


def test_a_value_of_one_bit_may_be_equal_in_two_seats():
    (check,) = [check for check in checks_for(Signed) if check.name == "another_seat_other_weights"]
    for seed in range(20):
        check.function(Trial(Configuration(Signed, {}, {"image": (1, 8, 8)}), seed=seed))


@part("five-ways")
class FiveWays(Hinge):
    """Notes which of its examples are tried."""

    examples = tuple({"way": way} for way in range(5))
    tried: ClassVar = []
    way: int = field(default=0)

    def discriminator(self, real, fake):
        self.tried.append(self.way)
        return super().discriminator(real, fake)


def test_every_example_is_tried_in_every_check():
    for check in checks_for(FiveWays):
        if check.name in ("gradcheck", "is_pure", "finite_at_extremes"):
            FiveWays.tried.clear()
            run_check(FiveWays, check)
            assert set(FiveWays.tried) == set(range(5)), check.name


def test_trials_are_drawn_once_for_the_checks_that_share_them(monkeypatch):
    drawn, given = [], hypothesis.given
    monkeypatch.setattr(hypothesis, "given", lambda *how: drawn.append(how) or given(*how))
    running._drawn.cache_clear()
    checks = [check for check in checks_for(Normal) if check.excuse is applies]
    for check in checks:
        run_check(Normal, check)
    kinds = len({check.trials for check in checks})
    assert len(checks) > 8 and len(drawn) == kinds * len(Normal.examples)


def test_trials_do_not_follow_from_the_modules_that_are_loaded(tmp_path, monkeypatch):
    """Hypothesis draws some numbers from the constants in those that are no library's."""

    def drawn():
        return [
            (configuration.facts, n, seed)
            for configuration, n, seed in running._drawn.__wrapped__(
                tuple(configurations(Normal)), 200, applies
            )
        ]

    first = drawn()
    (tmp_path / "of_many_numbers.py").write_text(f"NUMBERS = {[*range(300)]}")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("of_many_numbers")
    assert drawn() == first
    assert len({seed for *_, seed in first}) > 100


@pytest.mark.parametrize("beside_a_kink, agrees", [(1, True), (2, False)])
def test_a_point_beside_a_kink_has_a_second_one(beside_a_kink, agrees):
    """At the first points every step of the differences jumps."""
    calls = itertools.count()

    def energy(part, given):
        point, call = divmod(next(calls), 1 + 2 * len(STEPS))  # the slope, then two sides of each step
        return given[0].square().sum() + (call % 2 if point < beside_a_kink else 0)

    trial = Trial(configurations(HonestGenerator)[0])
    with nullcontext() if agrees else pytest.raises(ContractError, match="the slope is"):
        ensure_slope(trial, energy, 1e-3, "the slope")


def test_a_check_finds_the_global_random_numbers_at_their_beginning():
    found = []

    def look(trial):
        found.append((random.random(), np.random.rand(), torch.rand(()).item()))

    for _ in range(2):
        random.seed(7)
        np.random.seed(7)
        run_check(Hinge, Check("look", (Part,), look, applies, 1))
        assert (random.random(), np.random.rand()) == (
            random.Random(7).random(),
            np.random.RandomState(7).rand(),
        )
    assert found[0] == found[1] and found[0][0] == random.Random(0).random()
