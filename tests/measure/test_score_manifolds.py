"""Neighbors, precision and recall, density and coverage."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import images, study

from gancore.errors import MeasureError
from gancore.measure import neighbors
from gancore.measure.density_coverage import DensityCoverage, density_coverage
from gancore.measure.neighbors import nearest, radii
from gancore.measure.precision_recall import PrecisionRecall, precision_recall


def rows(n, seed, width=5):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40), st.integers(4, 40), st.integers(1, 200))
def test_neighbors_in_chunks_are_those_of_the_whole(seed, n, m, cells):
    a, b = rows(n, seed), rows(m, seed + 1)
    before, neighbors.CELLS = neighbors.CELLS, cells
    try:
        distances, indices = nearest(a, b, 3)
    finally:
        neighbors.CELLS = before
    whole = torch.cdist(a.double(), b.double())
    assert torch.allclose(distances, whole.sort(1).values[:, :3], atol=1e-9)
    assert torch.allclose(whole.gather(1, indices), distances, atol=1e-9)


def test_distances_far_from_the_origin_keep_their_digits():
    a = rows(20, 0).double()
    assert torch.allclose(
        nearest(a + 1e4, a + 1e4 + 1e-3, 1)[0], torch.full((20, 1), 1e-3 * 5**0.5).double(), rtol=1e-4
    )


def test_a_row_is_no_neighbor_of_itself_but_its_double_is():
    a = torch.cat([rows(10, 0), rows(10, 0)[:1]])
    found = radii(a, 1)
    assert (
        found[0] == pytest.approx(0, abs=1e-6)
        and found[10] == pytest.approx(0, abs=1e-6)
        and bool((found[1:10] > 0).all())
    )


def test_too_many_neighbors_are_refused():
    with pytest.raises(
        MeasureError,
        match="5 nearest neighbors need 6 images to look among; got 5: give more, or a smaller k",
    ):
        nearest(rows(5, 0), rows(5, 0), 5, apart=True)


def test_no_rows_have_no_neighbors():
    distances, indices = nearest(torch.empty(0, 5), rows(5, 0), 2)
    assert distances.shape == indices.shape == (0, 2)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(8, 40), st.integers(8, 40), st.floats(0, 3))
def test_exchanging_the_sides_exchanges_precision_and_recall(seed, n, m, shift):
    a, b = rows(n, seed), rows(m, seed + 1) + shift
    precision, recall = precision_recall(a, b)
    assert precision_recall(b, a) == (recall, precision)
    assert precision_recall(a.flip(0), b.flip(0)) == (precision, recall)
    assert density_coverage(a.flip(0), b.flip(0)) == pytest.approx(density_coverage(a, b))


@pytest.mark.parametrize("far, expected", [(0, 1.0), (1000, 0.0)])
def test_a_set_holds_itself_and_nothing_far(far, expected):
    a = rows(50, 0)
    assert precision_recall(a, a + far) == (expected, expected)
    density, coverage = density_coverage(a, a + far)
    assert (density, coverage) == (
        expected,
        expected,
    )  # each ball holds its center and the k - 1 nearest others


def test_coverage_of_fresh_samples_is_what_the_paper_derives():
    found = torch.tensor(
        [density_coverage(rows(400, 2 * i, 2), rows(400, 2 * i + 1, 2)) for i in range(10)]
    ).mean(0)
    assert found[0] == pytest.approx(1, abs=0.05)
    assert found[1] == pytest.approx(1 - 1 / 2**5, abs=0.01)


def test_an_outlier_among_the_real_inflates_precision_but_not_density():
    real, fake = torch.cat([rows(100, 0), torch.full((1, 5), 100.0)]), rows(100, 1) + 50
    assert precision_recall(real, fake)[0] > 0.9
    assert density_coverage(real, fake)[0] < 0.3


def test_the_scores_carry_the_title():
    judged = study(64)
    real, fake = judged.features("reference"), judged.features("samples")
    found = {**PrecisionRecall()(judged), **DensityCoverage()(judged)}
    expected = [*precision_recall(real, fake), *density_coverage(real, fake)]
    assert list(found) == ["precision[toy-1]", "recall[toy-1]", "density[toy-1]", "coverage[toy-1]"]
    assert [v.value for v in found.values()] == expected
    assert {v.better for v in found.values()} == {"higher"}


def test_too_few_images_are_refused():
    with pytest.raises(
        MeasureError,
        match=r"precision\[toy-1\] needs at least 16 images in the samples \(3 neighbors .*\); got 4",
    ):
        PrecisionRecall()(study(fake=images(4)))
    with pytest.raises(
        MeasureError,
        match=r"density\[toy-1\] needs at least 26 images in the reference \(5 neighbors .*\); got 6",
    ):
        DensityCoverage()(study(real=images(6)))
