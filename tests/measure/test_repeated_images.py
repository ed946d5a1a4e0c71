"""Repeated images: neighbors and the scores that rest on them are those of exact distances, however sums
are rounded.
"""

import pytest
import torch

from gancore.measure import neighbors
from gancore.measure.density_coverage import density_coverage
from gancore.measure.diversity import duplicates
from gancore.measure.memorization import copies
from gancore.measure.neighbors import nearest, radii
from gancore.measure.precision_recall import precision_recall


def rows(n, seed, width=24):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def repeated(real, fake):
    """Four of each of a few rows on both sides, and real rows among the fake ones."""
    return torch.cat([real, real[:6].repeat(3, 1)]), torch.cat(
        [fake, fake[:5].repeat(3, 1), real[:8], real[:2]]
    )


def twins(real, fake):
    """Real rows with a twin nearby, and fake rows that repeat the twin, at the very edge of the real one's
    ball.
    """
    near = real[:10] + 1e-4 * rows(10, 9)
    return torch.cat([real, near, near, near[:4]]), torch.cat([fake, near, real[:5], fake[:3], fake[:3]])


def outlier(real, fake):
    """One row so far away that next to it all others are one point."""
    real, fake = repeated(real, fake)
    return torch.cat([real, torch.full((1, real.shape[1]), 3e4)]), fake


def collapsed(real, fake):
    """Two fake rows alone, each repeated, one of them a real one."""
    return real, torch.cat([real[:1], fake[:1]]).repeat(len(fake) // 2, 1)


def far(real, fake):
    """Far from the origin."""
    real, fake = repeated(real, fake)
    return real + 1000, fake + 1000


SETS = [repeated, twins, outlier, collapsed, far]
DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]


def pair(make, dtype=torch.float32, seed=0):
    return [side.to(dtype) for side in make(rows(90, seed), rows(80, seed + 1))]


def distances(one, other):
    """From the differences, in float64."""
    return (one.double()[:, None] - other.double()[None]).square().sum(2)


def reach(features, k):
    return distances(features, features).fill_diagonal_(torch.inf).sort(1).values[:, k - 1]


def brute_force(real, fake, k):
    apart = distances(fake, real)
    held, holding = apart < reach(real, k), apart < reach(fake, k)[:, None]
    precision, recall = held.any(1).double().mean(), holding.any(0).double().mean()
    return (
        float(precision),
        float(recall),
        int(held.sum()) / (k * len(fake)),
        float(held.any(0).double().mean()),
    )


def scores(real, fake, k):
    return (*precision_recall(real, fake, k), *density_coverage(real, fake, k))


@pytest.fixture
def cells():
    before = neighbors.CELLS
    yield lambda count: setattr(neighbors, "CELLS", count)
    neighbors.CELLS = before


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("make", SETS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("k", [1, 3, 5])
def test_scores_are_those_of_exact_distances(make, dtype, k):
    for seed in range(0, 10, 2):
        real, fake = pair(make, dtype, seed)
        assert scores(real, fake, k) == pytest.approx(brute_force(real, fake, k), abs=1e-12)


@pytest.mark.parametrize("make", SETS, ids=lambda make: make.__name__)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_number_of_threads_any_chunks_and_any_order_give_the_same(make, count, cells, threads):
    real, fake = pair(make)
    expected = brute_force(real, fake, 3)
    threads(count)
    for size in (1, 300, 1000, 7777, 2**24):
        cells(size)
        assert scores(real, fake, 3) == pytest.approx(expected, abs=1e-12)
        mixed = [
            side[torch.randperm(len(side), generator=torch.Generator().manual_seed(size))]
            for side in (real, fake)
        ]
        assert scores(*mixed, 3) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("offset", [0.0, 1.0, 300.0])
def test_a_radius_is_zero_where_k_others_are_equal_and_there_alone(dtype, offset):
    few = (rows(60, 0, 512) + offset).to(dtype)
    some = torch.cat([few, few[:7], few[:7], few[:7], few[:5]])[
        torch.randperm(86, generator=torch.Generator().manual_seed(3))
    ]
    equal = (distances(some, some) == 0).sum(1) - 1
    for k in (1, 3, 4):
        found = radii(some, k)
        assert torch.equal(found == 0, equal >= k)
        assert torch.allclose(found, reach(some, k).sqrt(), rtol=1e-9, atol=0)


@pytest.mark.parametrize("make", SETS, ids=lambda make: make.__name__)
def test_the_nearest_are_the_nearest(make):
    real, fake = pair(make)
    found, at = nearest(fake, real, 4)
    assert torch.allclose(found, distances(fake, real).sort(1).values[:, :4].sqrt(), rtol=1e-8, atol=0)
    assert torch.allclose(distances(fake, real).gather(1, at).sqrt(), found, rtol=1e-8, atol=0)


def test_a_ball_of_radius_zero_holds_nothing():
    real = rows(1, 0).repeat(20, 1)
    assert precision_recall(real, real) == (0, 0) and density_coverage(real, real) == (0, 0)
    assert precision_recall(real, torch.cat([real, rows(5, 1)]), 3) == (0, 0)


def test_copies_of_training_images_are_at_distance_zero():
    training = torch.cat([rows(100, 0, 300), rows(100, 0, 300)[:10]]) + 5
    near, copied = copies(training[:50], training, 20)
    assert not near.any() and copied.all()


def test_repeated_samples_have_twins_at_distance_zero():
    real, fake = rows(300, 1, 300), rows(40, 0, 300).repeat(2, 1)
    assert duplicates(torch.cat([fake, rows(20, 5, 300)]), real) == pytest.approx(0.8)
    assert duplicates(fake, fake) == 0
