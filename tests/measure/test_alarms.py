"""Every alarm rings for what it is named after, and for nothing else."""

import pytest
import torch
from toy_study import study

from gancore.measure.alarms import RULES, History, alarms
from gancore.measure.diagnostics import of_samples, spread
from gancore.standard.optimizers import Adam

WELL = {
    "diversity": 0.9,
    "duplicates": 0.02,
    "class balance": 0.1,
    "label effect": 0.5,
    "codebook usage": 0.8,
    "discriminator/tells apart": 0.9,
    "discriminator/overfitting": 0.3,
}
QUIET = [{"generator/gradient": 1.0, "discriminator/gradient": 2.0}] * 20

SICK = {
    "collapse": {"diversity": 0.05},
    "duplicates": {"duplicates": 0.8},
    "class-balance": {"class balance": 1.5},
    "ignored-labels": {"label effect": 0.001},
    "codebook-collapse": {"codebook usage": 0.03},
    "discriminator-won": {"discriminator/tells apart": 1.0},
    "discriminator-lost": {"discriminator/tells apart": 0.5},
    "overfitting": {"discriminator/overfitting": 0.95},
}


def rung(signs, reports=QUIET):
    return [alarm.name for alarm in alarms(History(signs, reports))]


def test_a_healthy_training_rings_nothing():
    assert rung([WELL] * 5) == [] and rung([], []) == []


@pytest.mark.parametrize("name", SICK)
def test_a_sign_that_stays_rings_its_own_alarm(name):
    assert rung([WELL, *[{**WELL, **SICK[name]}] * 3]) == [name]


@pytest.mark.parametrize("name", SICK)
def test_a_sign_that_was_there_once_does_not_ring(name):
    assert rung([WELL, {**WELL, **SICK[name]}]) == []


@pytest.mark.parametrize(("norm", "name"), [(1e-9, "vanishing-gradients"), (1e6, "exploding-gradients")])
def test_gradients_ring_by_their_own_beginning(norm, name):
    late = [{"generator/gradient": norm, "discriminator/gradient": 2.0}] * 3
    assert rung([WELL] * 3, QUIET + late) == [name]


def test_a_generator_that_still_learns_to_differ_is_no_collapse():
    assert rung([{**WELL, "diversity": d} for d in (0.01, 0.05, 0.1)]) == []
    assert rung([{**WELL, "diversity": d} for d in (0.9, 0.1, 0.05)]) == ["collapse"]


def test_every_alarm_says_what_was_seen_and_what_to_try():
    (alarm,) = alarms(History([{**WELL, "diversity": 0.05}] * 3, QUIET))
    assert (
        alarm.text
        == "samples differ from each other by 5% of what real images do, in two evaluations in a row"
    )
    assert len(alarm.advice) == 3 and all(advice for _, advice in RULES.values())


@pytest.mark.parametrize("parts", [frozenset(), frozenset({"encoder"})])
def test_advice_does_not_speak_of_a_discriminator_that_is_not_there(parts):
    samples = [{**WELL, "diversity": 0.05, "duplicates": 0.9, "class balance": 2.0}] * 3
    raised = alarms(History(samples, QUIET, parts))
    assert len(raised) == 3
    for alarm in raised:
        told = " ".join(alarm.advice)
        assert alarm.advice and not any(word in told for word in ("discriminator", "r1", "augment", "player"))
        assert ("beta" in told) == bool(parts)


def test_an_option_that_is_advised_exists():
    texts = [one if isinstance(one, str) else one[1] for _, advice in RULES.values() for one in advice]
    options = {word for text in texts for word in text.split() if "=" in word}
    assert options == {"generator_optimizer.max_norm=1", "optimizer.max_norm=1", "beta=0.5"}
    assert Adam(max_norm=1).max_norm == 1


def test_spread_is_the_mean_distance():
    rows = torch.randn(100, 4, generator=torch.Generator().manual_seed(0))
    assert spread(rows[:1].expand(10, -1)) == 0 and spread(2 * rows) == pytest.approx(2 * spread(rows))


@pytest.mark.parametrize(("count", "told"), [(8, False), (32, True)])
def test_few_samples_say_nothing(count, told):
    known = of_samples(study(count))
    assert ("duplicates" in known and "diversity" in known) is told
