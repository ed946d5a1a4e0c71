"""Structural similarity, random pairs, near-twins."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional
from toy_study import images, study

from gancore.errors import MeasureError
from gancore.measure.diversity import Diversity, duplicates, pair_similarities
from gancore.measure.picking import some_images
from gancore.measure.ssim import WEIGHTS, ms_ssim, scales, ssim


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([ssim, ms_ssim]), st.sampled_from([1, 3]))
def test_similarity_is_symmetric_and_one_at_equality(seed, similarity, channels):
    a, b = images(3, 24, channels, seed), images(3, 24, channels, seed + 1)
    assert similarity(a, a) == pytest.approx([1.0] * 3, abs=1e-9)
    assert similarity(a, b) == pytest.approx(similarity(b, a).tolist(), abs=1e-9)
    assert bool((similarity(a, b) < 1).all())


def test_noise_lowers_similarity_step_by_step():
    a = images(4, 32)
    noise = torch.randn(a.shape, generator=torch.Generator().manual_seed(0))
    found = [float(ssim(a, a + s * noise).mean()) for s in (0.01, 0.1, 1.0)]
    assert found == sorted(found, reverse=True)


def test_uniform_images_have_the_luminance_term_alone():
    a, b = torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 16, 16), 0.2)
    c = (0.01 * 2) ** 2
    assert float(ssim(a, b)) == pytest.approx((2 * 0.5 * 0.2 + c) / (0.25 + 0.04 + c), rel=1e-6)


@pytest.mark.parametrize(
    "size, count", [(11, 1), (16, 1), (28, 2), (32, 2), (64, 3), (128, 4), (176, 5), (1024, 5)]
)
def test_scales_leave_room_for_a_window(size, count):
    assert scales(size, 2 * size) == count


def test_opposite_images_count_as_zero_not_as_nothing():
    a = images(2, 32)
    found = ms_ssim(a, -a)
    assert bool(found.isfinite().all()) and bool((found < 0.2).all())


def test_images_under_the_window_are_refused():
    with pytest.raises(MeasureError, match=r"windows of 11×11 pixels; the images are 8×8: give larger ones"):
        ssim(images(2, 8), images(2, 8))


def test_pairs_are_of_different_images():
    black_and_white = torch.stack([torch.full((1, 16, 16), v) for v in (-1.0, 1.0)])
    found = pair_similarities(black_and_white, 50, torch.Generator().manual_seed(0))
    assert len(found) == 50 and bool((found < 0.1).all())


def rows(n, seed):
    return torch.randn(n, 5, generator=torch.Generator().manual_seed(seed))


def test_twins_are_as_rare_among_the_real_as_they_are_defined_to_be():
    assert duplicates(rows(500, 0), rows(500, 0)) == pytest.approx(0.01, abs=0.003)
    assert duplicates(rows(500, 0), rows(500, 1)) < 0.05


@pytest.mark.parametrize("kept, share", [(250, 1.0), (400, 0.4)])
def test_repeated_samples_are_counted(kept, share):
    fake = torch.cat([rows(kept, 0), rows(kept, 0)[: 500 - kept] + 1e-4])
    assert duplicates(fake, rows(500, 1)) == pytest.approx(share, abs=0.02)


def test_a_collapsed_generator_is_seen_by_both():
    few = images(4, 32, seed=1).repeat(16, 1, 1, 1)
    well, badly = Diversity(pairs=100)(study(size=32)), Diversity(pairs=100)(study(size=32, fake=few))
    assert list(well) == ["MS-SSIM", "duplicates[toy-1]"]
    assert badly["MS-SSIM"].value > well["MS-SSIM"].value + 3 * badly["MS-SSIM"].error
    assert badly["duplicates[toy-1]"].value == 1 and well["duplicates[toy-1]"].value < 0.1
    assert (well["MS-SSIM"].better, well["duplicates[toy-1]"].better) == ("neither", "lower")


def test_images_are_picked_over_the_whole_set():
    judged = study(fake=torch.arange(64.0).reshape(64, 1, 1, 1).expand(64, 3, 16, 16) / 64)
    picked = some_images(judged, "samples", 8)[:, 0, 0, 0]
    assert len(picked) == 8 and float(picked.max()) > 0.5 and bool((picked.diff() > 0).all())
    assert len(some_images(judged, "samples", 1000)) == 64


def test_too_few_samples_are_refused():
    with pytest.raises(
        MeasureError, match=r"MS-SSIM needs at least 8 images in the samples \(random pairs\); got 5"
    ):
        Diversity()(study(fake=images(5)))


def blurred(x):
    """Every window of 11×11 under a Gaussian with σ = 1.5."""
    bell = torch.tensor([math.exp(-((i - 5) ** 2) / 4.5) for i in range(11)], dtype=torch.float64)
    kernel = torch.outer(bell, bell) / bell.sum() ** 2
    return functional.conv2d(x, kernel.expand(x.shape[1], 1, 11, 11), groups=x.shape[1])


def similar(a, b):
    """The index and its contrast and structure at every window; values span 1."""
    mean_a, mean_b = blurred(a), blurred(b)
    contrast = 2 * (blurred(a * b) - mean_a * mean_b) + 0.03**2
    contrast = contrast / (blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2 + 0.03**2)
    return contrast * (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2), contrast


@pytest.mark.slow
@pytest.mark.parametrize("reflected", [False, True], ids=["ours", "torchmetrics"])
def test_the_two_conventions_at_borders(reflected):
    """Inner windows at every scale, or also those over reflected borders at the coarsest one."""
    torchmetrics = pytest.importorskip("torchmetrics.functional.image")
    rng = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 3, 24, 24, generator=rng, dtype=torch.float64)
    a = functional.interpolate(coarse, 192, mode="bicubic").clamp(0, 1)
    fine = torch.randn(2, 3, 48, 48, generator=rng, dtype=torch.float64)
    b = (a + 0.1 * functional.interpolate(fine, 192, mode="bicubic")).clamp(0, 1)
    expected, x, y = 1.0, a, b
    for i, weight in enumerate(WEIGHTS):
        last = i == len(WEIGHTS) - 1
        border = (5,) * 4 if reflected and last else (0,) * 4
        whole, contrast = similar(*(functional.pad(z, border, mode="reflect") for z in (x, y)))
        expected = expected * (whole if last else contrast).flatten(1).mean(1).clamp(min=0) ** (
            weight / sum(WEIGHTS)
        )
        x, y = functional.avg_pool2d(x, 2), functional.avg_pool2d(y, 2)
    theirs = torchmetrics.multiscale_structural_similarity_index_measure(
        a, b, data_range=1.0, reduction="none", betas=tuple(w / sum(WEIGHTS) for w in WEIGHTS)
    )
    ours = ms_ssim(a, b, range=1.0)
    agrees, differs = (theirs, ours) if reflected else (ours, theirs)
    torch.testing.assert_close(agrees, expected, atol=1e-8, rtol=0)
    assert (differs - expected).abs().min() > 1e-5
