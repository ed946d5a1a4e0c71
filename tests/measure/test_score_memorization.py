import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import Images, Toy, images, study

from gancore.errors import MeasureError
from gancore.measure.memorization import Memorization, copies, held_out, mann_whitney_z, share_p_value


def rows(n, seed, width=8):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def noisy(some, amount):
    return some + amount * torch.randn(some.shape, generator=torch.Generator().manual_seed(5))


TRAINING, FRESH, HELD_OUT = images(600, seed=1), images(300, seed=2), images(300, seed=3)


def judged(fake, reference):
    """Over 40 sums of pixels, where a copy stands out."""
    return Memorization()(
        study(fake=fake, real=reference, training=Images(TRAINING), extractor=Toy(width=40))
    )


@pytest.mark.parametrize("reference", [HELD_OUT, TRAINING], ids=["held out", "split"])
def test_a_generator_that_replays_the_training_set_memorizes(reference):
    for fake in (TRAINING[:300], noisy(TRAINING[:300], 0.05)):
        found = judged(fake, reference)
        assert found["memorization p[toy-1]"].value < 1e-6
        assert found["memorized[toy-1]"].value > 0.9 and found["memorized[toy-1]"].error < 0.1
        assert found["C_T[toy-1]"].value < -10


@pytest.mark.parametrize("reference", [HELD_OUT, TRAINING], ids=["held out", "split"])
def test_fresh_real_images_do_not(reference):
    found = judged(FRESH, reference)
    assert found["memorization p[toy-1]"].value > 0.05
    assert found["memorized[toy-1]"].value < 0.03
    assert abs(found["C_T[toy-1]"].value) < 3


@pytest.mark.parametrize("reference", [HELD_OUT, TRAINING], ids=["held out", "split"])
def test_a_tenth_of_copies_is_found(reference):
    found = judged(torch.cat([TRAINING[:30], FRESH[:270]]), reference)
    assert found["memorization p[toy-1]"].value < 0.01
    assert found["memorized[toy-1]"].value == pytest.approx(0.1, abs=3 * found["memorized[toy-1]"].error)


def test_bland_samples_are_near_but_no_copies():
    found = judged(FRESH * 0.3, HELD_OUT)
    assert found["memorized[toy-1]"].value == 0 and found["memorization p[toy-1]"].value > 0.05


def test_values_say_which_way_is_better():
    found = judged(FRESH, HELD_OUT)
    assert {name: value.better for name, value in found.items()} == {
        "C_T[toy-1]": "neither",
        "memorized[toy-1]": "lower",
        "memorization p[toy-1]": "neither",
    }


def test_a_reference_that_was_trained_on_is_known():
    assert held_out(rows(100, 0), rows(100, 1))
    assert not held_out(rows(100, 0), torch.cat([rows(100, 1), rows(100, 0)[:20]]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 30))
def test_the_rank_statistic_changes_sign_with_the_sides_and_is_zero_at_equality(seed, n, m):
    a, b = rows(n, seed)[:, 0].round(decimals=1), rows(m, seed + 1)[:, 0].round(decimals=1)
    assert mann_whitney_z(a, b) == pytest.approx(-mann_whitney_z(b, a), abs=1e-9)
    assert mann_whitney_z(a, a) == pytest.approx(0, abs=1e-9)
    assert mann_whitney_z(a.exp(), b.exp()) == pytest.approx(mann_whitney_z(a, b), abs=1e-9)


def test_the_null_distribution_is_standard_normal():
    found = torch.tensor(
        [mann_whitney_z(rows(60, 2 * i)[:, 0], rows(60, 2 * i + 1)[:, 0]) for i in range(300)]
    )
    assert abs(float(found.mean())) < 0.2 and float(found.std()) == pytest.approx(1, abs=0.15)


def test_p_values_of_fresh_samples_are_not_small_too_often():
    p = [
        share_p_value(torch.rand(80, generator=g) < 0.2, torch.rand(80, generator=g) < 0.2)
        for g in map(_rng, range(300))
    ]
    assert sum(x < 0.05 for x in p) / 300 < 0.08


def _rng(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    "a, b, expected", [(0, 0, 1.0), (0, 5, 1.0), (3, 0, 10 / math.comb(10, 3)), (5, 5, 1.0)]
)
def test_the_exact_test_in_small(a, b, expected):
    fake, fresh = torch.arange(5) < a, torch.arange(5) < b
    assert share_p_value(fake, fresh) == pytest.approx(expected, rel=1e-9)


def test_a_copy_is_nearer_than_half_the_mean_of_its_neighbors():
    training = torch.tensor([[0.0], [10.0], [11.0], [-10.0]])
    near, copied = copies(torch.tensor([[1.0], [5.0]]), training, 3)
    assert near.tolist() == [1.0, 5.0] and copied.tolist() == [True, False]


def test_too_few_training_images_are_refused():
    few = study(training=Images(images(60, seed=1)))
    with pytest.raises(
        MeasureError, match=r"C_T\[toy-1\] needs at least 100 images in the training set .* got 60"
    ):
        Memorization()(few)
    with pytest.raises(MeasureError, match=r"C_T\[toy-1\] needs at least 20 images in the samples .* got 9"):
        Memorization()(study(fake=images(9), training=Images(TRAINING)))
