import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import Toy, images, study

from gancore.errors import MeasureError
from gancore.measure.frechet import Frechet, frechet_distance, frechet_distance_of_few, frechet_name
from gancore.measure.moments import Moments


def rows(n, width, seed):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def exact_moments(mean, covariance):
    """Moments of a distribution rather than of rows."""
    n = 101
    return Moments(n, torch.zeros_like(mean), mean * n, covariance * (n - 1) + torch.outer(mean, mean) * n)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_diagonal_gaussians_have_the_closed_form(seed, width):
    rng = torch.Generator().manual_seed(seed)
    means, scales = (
        torch.randn(2, width, generator=rng).double(),
        torch.rand(2, width, generator=rng).double(),
    )
    one, other = (exact_moments(m, torch.diag(s**2)) for m, s in zip(means, scales, strict=True))
    expected = float((means[0] - means[1]).square().sum() + (scales[0] - scales[1]).square().sum())
    assert frechet_distance(one, other) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 30), st.integers(2, 30))
def test_both_ways_agree_are_symmetric_and_ignore_the_order(seed, n, m):
    a, b = rows(n, 8, seed), rows(m, 8, seed + 1) + 0.5
    found = frechet_distance_of_few(a, b)
    scale = float(a.var(0).sum() + b.var(0).sum())
    assert frechet_distance(Moments.of(a), Moments.of(b)) == pytest.approx(found, abs=1e-6 * scale)
    assert frechet_distance_of_few(b, a) == pytest.approx(found, abs=1e-6 * scale)
    assert frechet_distance_of_few(a.flip(0), b[torch.randperm(m)]) == pytest.approx(found, abs=1e-9 * scale)


@pytest.mark.parametrize("n", [5, 100])
def test_equal_sets_are_at_distance_zero(n):
    a = rows(n, 20, 0) + 1000
    assert frechet_distance(Moments.of(a), Moments.of(a)) == pytest.approx(0, abs=1e-6)
    assert frechet_distance_of_few(a, a) == pytest.approx(0, abs=1e-6)


def test_a_shift_adds_its_square():
    a = rows(50, 4, 0)
    assert frechet_distance_of_few(a, a + 3) == pytest.approx(4 * 9, rel=1e-9)


def test_only_the_network_of_2015_has_a_fid():
    assert frechet_name("inception-2015") == "FID"
    assert frechet_name("inception-2015-unweighted") == "FD[inception-2015-unweighted]"
    assert frechet_name("emoji-1") == "FD[emoji-1]"


def test_the_score_is_the_distance_of_the_features():
    judged = study(64)
    expected = frechet_distance_of_few(judged.features("reference"), judged.features("samples"))
    (name, value), *rest = Frechet()(judged).items()
    assert not rest and name == "FD[toy-1]" and value.better == "lower"
    assert value.value == pytest.approx(expected, rel=1e-9)


def test_too_few_images_for_the_dimension_are_refused_with_the_number_needed():
    few = study(extractor=Toy(width=40), fake=images(30, seed=1), real=images(64, seed=2))
    with pytest.raises(
        MeasureError,
        match=r"FD\[toy-1\] needs at least 41 images in the samples \(more than the 40 dimensions of the "
        r"features, or the option "
        r"allow_few\); got 30: give more images",
    ):
        Frechet()(few)
    assert math.isfinite(Frechet(allow_few=True)(few)["FD[toy-1]"].value)
    with pytest.raises(MeasureError, match=r"needs at least 2 images in the samples \(a covariance\); got 1"):
        Frechet(allow_few=True)(study(fake=images(1)))
