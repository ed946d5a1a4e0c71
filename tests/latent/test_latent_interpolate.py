"""Between latents: ends, lengths, speed, loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gancore.errors import UserError
from gancore.latent.interpolate import eased, linear, path, places, spherical

SHAPES = st.sampled_from([(2,), (5,), (100,), (3, 4), (2, 3, 4)])
SEEDS = st.integers(0, 2**31)
quick = settings(max_examples=40, deadline=None)


def latents(shape, count, seed):
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(seed))


def angles(points):
    flat = torch.nn.functional.normalize(points.double().flatten(1), dim=1)
    chord = (flat[1:] - flat[:-1]).norm(dim=1)
    return 2 * torch.asin((chord / 2).clamp(max=1))


@quick
@given(SHAPES, SEEDS)
def test_both_ends_are_exact(shape, seed):
    start, end = latents(shape, 2, seed)
    for between in (linear, spherical):
        points = between(start, end, torch.tensor([0.0, 0.5, 1.0]))
        assert points.shape == (3, *shape) and points.dtype == start.dtype
        assert torch.equal(points[0], start) and torch.equal(points[2], end)


@quick
@given(SHAPES, SEEDS)
def test_spherical_turns_at_constant_speed_and_norms_change_evenly(shape, seed):
    start, end = latents(shape, 2, seed)
    at = torch.linspace(0, 1, 9, dtype=torch.float64)
    points = spherical(start.double(), end.double(), at)
    steps = angles(points)
    whole = angles(torch.stack([start, end]))[0]
    assert torch.allclose(steps, whole / 8, atol=1e-6)
    expected = start.double().norm() + at * (end.double().norm() - start.double().norm())
    assert torch.allclose(points.flatten(1).norm(dim=1), expected, atol=1e-9)


@quick
@given(SHAPES, SEEDS)
def test_linear_is_the_straight_line(shape, seed):
    start, end = latents(shape, 2, seed)
    assert torch.allclose(linear(start, end, torch.tensor([0.25]))[0], 0.75 * start + 0.25 * end, atol=1e-6)


@quick
@given(SHAPES, SEEDS)
def test_opposite_ends_are_joined_by_half_a_circle(shape, seed):
    start = latents(shape, 1, seed)[0].double()
    points = spherical(start, -start, torch.linspace(0, 1, 7, dtype=torch.float64))
    assert points.isfinite().all()
    assert torch.allclose(points.flatten(1).norm(dim=1), start.norm(), atol=1e-9)
    assert torch.allclose(angles(points), torch.full((6,), math.pi / 6, dtype=torch.float64), atol=1e-6)


@quick
@given(SHAPES, SEEDS, st.floats(0.1, 10))
def test_ends_of_one_direction_stay_on_it(shape, seed, factor):
    start = latents(shape, 1, seed)[0].double()
    points = spherical(start, factor * start, torch.linspace(0, 1, 5, dtype=torch.float64))
    expected = torch.stack([start * (1 + t / 4 * (factor - 1)) for t in range(5)])
    assert torch.allclose(points, expected, atol=1e-6)


def test_from_zero_and_in_one_dimension_it_is_straight():
    at = torch.tensor([0.0, 0.5, 1.0])
    assert torch.equal(
        spherical(torch.zeros(3), torch.ones(3), at), linear(torch.zeros(3), torch.ones(3), at)
    )
    assert spherical(torch.tensor([-2.0]), torch.tensor([2.0]), at).flatten().tolist() == [-2, 0, 2]


@quick
@given(
    SHAPES,
    SEEDS,
    st.integers(2, 5),
    st.integers(1, 6),
    st.sampled_from(["spherical", "linear"]),
    st.booleans(),
)
def test_an_open_path_meets_every_key(shape, seed, keys, each, kind, ease):
    given_keys = latents(shape, keys, seed)
    points = path(given_keys, each * (keys - 1) + 1, kind, ease=ease)
    assert points.shape == (each * (keys - 1) + 1, *shape)
    assert torch.equal(points[::each], given_keys)


@quick
@given(SHAPES, SEEDS, st.integers(2, 5), st.integers(1, 6), st.sampled_from(["spherical", "linear"]))
def test_a_loop_closes_and_repeats_no_frame(shape, seed, keys, each, kind):
    given_keys = latents(shape, keys, seed)
    points = path(given_keys, each * keys, kind, loop=True)
    assert len(points) == each * keys and torch.equal(points[::each], given_keys)
    # what would come next is the first frame again: the last leg is that from the last key to the first
    last = path(torch.stack([given_keys[-1], given_keys[0]]), each + 1, kind)
    assert torch.allclose(points[-each:], last[:-1], atol=1e-6)


def test_easing_halts_at_both_ends_and_keeps_the_middle():
    share = torch.linspace(0, 1, 101)
    moved = eased(share)
    assert moved[0] == 0 and moved[100] == 1 and math.isclose(moved[50], 0.5, abs_tol=1e-6)
    assert (moved.diff() > 0).all() and moved[1] < 0.001
    keys = latents((4,), 2, 0)
    assert (path(keys, 21, ease=True)[1] - keys[0]).norm() < (path(keys, 21)[1] - keys[0]).norm() / 3


@pytest.mark.parametrize(
    ("keys", "frames", "kind", "text"),
    [
        (1, 10, "linear", "give at least 2 keys; got 1"),
        (3, 1, "linear", "a walk has at least 2 frames; got 1"),
        (3, 9, "cubic", "a walk must be spherical or linear; got 'cubic'"),
    ],
)
def test_wrong_words(keys, frames, kind, text):
    with pytest.raises(UserError, match=text):
        path(torch.ones(keys, 2), frames, kind)


def test_places_are_even():
    assert places(5, 3).tolist() == [0, 0.5, 1, 1.5, 2]
    assert places(6, 3, loop=True).tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
