import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_study import images, study

from gancore.errors import MeasureError
from gancore.measure.sliced_wasserstein import (
    SlicedWasserstein,
    enlarged,
    laplacian_pyramid,
    levels,
    patches,
    sliced_wasserstein,
    standardized,
)


def rows(n, seed, width=5):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed))


def directions(width=5, count=40):
    return torch.nn.functional.normalize(rows(width, 9, count), dim=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 50))
def test_it_is_symmetric_zero_at_equality_and_ignores_the_order(seed, n):
    a, b = rows(n, seed), rows(n, seed + 1)
    found = sliced_wasserstein(a, b, directions())
    assert sliced_wasserstein(b, a, directions()) == pytest.approx(found, abs=1e-6)
    assert sliced_wasserstein(a, a.flip(0), directions()) == pytest.approx(0, abs=1e-6)
    assert sliced_wasserstein(a.flip(0), b, directions()) == pytest.approx(found, abs=1e-6)


def test_a_shift_moves_it_by_its_mean_projection():
    shift = torch.tensor([3.0, 0, 0, 0, 0])
    expected = float((shift @ directions()).abs().mean())
    assert sliced_wasserstein(rows(100, 0), rows(100, 0) + shift, directions()) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize(
    "height, width, count",
    [(64, 64, 3), (32, 32, 2), (28, 28, 1), (16, 16, 1), (8, 8, 1), (32, 64, 2), (34, 34, 2)],
)
def test_levels_go_down_to_sixteen_pixels(height, width, count):
    assert levels(height, width) == count


def test_a_pyramid_adds_up_to_the_images():
    given_images = images(3, 32)
    fine, rest = laplacian_pyramid(given_images, 2)
    assert rest.shape == (3, 3, 16, 16)
    assert torch.allclose(fine + enlarged(rest), given_images, atol=1e-6)


def test_a_uniform_image_has_nothing_but_its_last_level():
    fine, rest = laplacian_pyramid(torch.full((2, 3, 32, 32), 0.4), 2)
    assert float(fine.abs().max()) < 1e-6 and torch.allclose(rest, torch.full((2, 3, 16, 16), 0.4))


def test_patches_lie_within_their_image():
    numbered = torch.arange(2 * 3 * 9 * 9.0).reshape(2, 3, 9, 9)
    found = patches(numbered, 50, torch.Generator().manual_seed(0)).reshape(2, 50, 3, 7, 7)
    assert bool((found[0] < 243).all()) and bool((found[1] >= 243).all())
    assert (
        bool((found.diff(dim=-1) == 1).all())
        and bool((found.diff(dim=-2) == 9).all())
        and bool((found.diff(dim=-3) == 81).all())
    )
    assert found[:, :, 0, 0, 0].unique().numel() == 18


def test_patches_are_standardized_in_each_channel():
    found = standardized(
        torch.cat([rows(10, 0, 49) * 3 + 7, rows(10, 1, 49) - 2, torch.ones(10, 49)], 1), 3
    ).reshape(10, 3, 49)
    assert found.mean((0, 2)).abs().max() < 1e-5
    assert torch.allclose(found.std((0, 2), correction=0), torch.tensor([1.0, 1.0, 0.0]), atol=1e-5)


def test_the_score_has_each_level_and_their_mean():
    found = SlicedWasserstein()(study(size=32))
    assert list(found) == ["SWD", "SWD 32", "SWD 16"]
    assert found["SWD"].value == pytest.approx((found["SWD 32"].value + found["SWD 16"].value) / 2)
    assert {v.better for v in found.values()} == {"lower"}


def test_noise_is_farther_than_images_are_from_each_other():
    noise = torch.rand(64, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    well, badly = SlicedWasserstein()(study()), SlicedWasserstein()(study(fake=noise))
    assert badly["SWD"].value > 2 * well["SWD"].value


def test_small_images_and_small_sets_are_refused():
    with pytest.raises(
        MeasureError, match=r"SWD compares patches of 7×7 pixels; the images are 4×4: give larger ones"
    ):
        SlicedWasserstein()(study(size=4))
    with pytest.raises(
        MeasureError,
        match=r"SWD needs at least 16 images in the samples \(patches of several images\); got 5",
    ):
        SlicedWasserstein()(study(fake=images(5)))
