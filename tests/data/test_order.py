import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gancore.data import Order
from gancore.errors import DataError

lengths = st.integers(1, 60)
seeds = st.integers(-(2**70), 2**70)


@given(lengths, seeds, st.integers(0, 10**6))
def test_every_epoch_is_a_permutation(length: int, seed: int, epoch: int) -> None:
    indices = Order(length, seed).at(np.arange(epoch * length, (epoch + 1) * length))
    assert sorted(indices) == list(range(length))


@settings(deadline=None)
@given(lengths, seeds, st.lists(st.integers(0, 500), max_size=20), st.booleans())
def test_an_index_depends_on_seed_and_position_alone(
    length: int, seed: int, positions: list[int], mirror: bool
) -> None:
    whole = Order(length, seed, mirror=mirror).at(np.arange(501))
    fresh = Order(length, seed, mirror=mirror)
    assert np.array_equal(fresh.at(np.array(positions, dtype=np.int64)), whole[positions])
    assert all(
        Order(length, seed, mirror=mirror).at(np.array([position]))[0] == whole[position]
        for position in positions[:3]
    )


@given(st.integers(8, 60), seeds)
@settings(max_examples=50)
def test_epochs_seeds_and_domains_differ(length: int, seed: int) -> None:
    first = Order(length, seed).at(np.arange(length))
    assert not np.array_equal(first, Order(length, seed).at(np.arange(length, 2 * length)))
    assert not np.array_equal(first, Order(length, seed + 1).at(np.arange(length)))
    assert not np.array_equal(first, Order(length, seed, domain=1).at(np.arange(length)))


def test_the_order_never_changes_between_releases() -> None:
    assert Order(8, 0).at(np.arange(16)).tolist() == PINNED
    assert Order(4, 7, mirror=True).at(np.arange(8)).tolist() == PINNED_MIRRORED


PINNED = [4, 7, 6, 1, 0, 5, 2, 3, 5, 2, 1, 3, 0, 6, 7, 4]
PINNED_MIRRORED = [1, 4, 7, 2, 4, 3, 2, 1]


def test_half_of_the_positions_are_mirrored_and_the_images_are_the_same() -> None:
    plain, mirrored = Order(1000, 3).at(np.arange(20000)), Order(1000, 3, mirror=True).at(np.arange(20000))
    assert np.array_equal(plain, mirrored % 1000)
    assert abs((mirrored >= 1000).mean() - 0.5) < 0.02


def test_permutations_are_uniform() -> None:
    firsts = np.bincount(Order(5, 11).at(np.arange(0, 5 * 5000, 5)), minlength=5)
    expected = 1000
    # Chi-square with 4 degrees of freedom exceeds 23.5 once in ten thousand.
    assert ((firsts - expected) ** 2 / expected).sum() < 23.5


def test_a_negative_position_is_refused() -> None:
    with pytest.raises(DataError, match="position -1 is negative; expected positions from 0"):
        Order(5, 0).at(np.array([3, -1]))
