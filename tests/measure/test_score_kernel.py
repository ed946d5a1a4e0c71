import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import images, study

from gancore.errors import MeasureError
from gancore.measure.kernel import Kernel, kernel_distance, kernel_distances, standard_error


def rows(n, seed, width=6):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def by_hand(a, b):
    def k(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / len(x) + 1) ** 3

    a, b = a.double().tolist(), b.double().tolist()
    same = [[k(x, y) for i, x in enumerate(s) for j, y in enumerate(s) if i != j] for s in (a, b)]
    cross = [k(x, y) for x in a for y in b]
    return sum(sum(v) / len(v) for v in same) - 2 * sum(cross) / len(cross)


def test_it_is_the_unbiased_estimate():
    assert kernel_distance(rows(5, 0), rows(7, 1)) == pytest.approx(
        by_hand(rows(5, 0), rows(7, 1)), rel=1e-10
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 20), st.integers(2, 20))
def test_it_is_symmetric_and_ignores_the_order(seed, n, m):
    a, b = rows(n, seed), rows(m, seed + 1)
    found = kernel_distance(a, b)
    assert kernel_distance(b, a) == pytest.approx(found, abs=1e-9)
    assert kernel_distance(a.flip(0), b) == pytest.approx(found, abs=1e-9)


def test_it_is_zero_on_average_where_both_are_drawn_alike():
    found = torch.tensor([kernel_distance(rows(40, 2 * i), rows(40, 2 * i + 1)) for i in range(200)])
    assert abs(float(found.mean())) < 4 * float(found.std()) / 200**0.5
    assert float(found.min()) < 0 < float(found.max())


def test_the_standard_error_is_that_of_fresh_draws():
    """Over fresh data the score spreads as its own error says, to a factor."""
    values, errors = [], []
    for i in range(40):
        found = kernel_distances(
            rows(200, 3 * i),
            rows(200, 3 * i + 1) + 0.5,
            subsets=30,
            size=50,
            rng=torch.Generator().manual_seed(i),
        )
        values.append(float(found.mean()))
        errors.append(standard_error(found, 50, 200))
    ratio = float(torch.tensor(errors).mean() / torch.tensor(values).std())
    assert 0.7 < ratio < 1.6


def test_a_subset_that_is_the_whole_has_no_error():
    found = kernel_distances(rows(20, 0), rows(20, 1), subsets=5, size=20, rng=torch.Generator())
    assert float(found.std()) < 1e-12 and standard_error(found, 20, 20) is None


def test_the_score_takes_halves_of_small_sets_and_repeats():
    judged = study(64)
    value = Kernel(subsets=10)(judged)["KID[toy-1]"]
    assert value.error > 0 and value.better == "lower"
    assert Kernel(subsets=10)(study(64))["KID[toy-1]"] == value
    rng = judged.rng("kernel")
    found = kernel_distances(
        judged.features("reference"), judged.features("samples"), subsets=10, size=32, rng=rng
    )
    assert value.value == float(found.mean())


def test_too_few_images_are_refused():
    with pytest.raises(
        MeasureError,
        match=r"KID\[toy-1\] needs at least 8 images in the samples \(two halves of some size\); got 3",
    ):
        Kernel()(study(fake=images(3)))
