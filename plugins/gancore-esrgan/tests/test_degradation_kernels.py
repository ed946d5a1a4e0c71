"""Kernels against formulas in numpy, and filtering against scipy."""

import math

import numpy as np
import pytest
import torch
from gancore_esrgan.degradation import RandomBlur, SincFilter
from gancore_esrgan.degradation.blur import SHAPES
from gancore_esrgan.degradation.canvas import Canvas, extended, inside, mirrored
from gancore_esrgan.degradation.kernels import cut, drawn_sizes, filtered
from gancore_esrgan.degradation.shapes import generalized, plateau, quadratic_form
from gancore_esrgan.degradation.sinc import sinc
from scipy import ndimage, special


def double(values):
    return torch.tensor(values, dtype=torch.float64)


def moments(kernel):
    """The covariance of x and y under a kernel as a density."""
    reach = len(kernel) // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return [[float((kernel * a * b).sum()) for b in (x, y)] for a in (x, y)]


def draw(blur, n=64, seed=0):
    number = torch.rand(n, 9, generator=torch.Generator().manual_seed(seed))
    return blur.drawn(number), number


def test_a_gaussian_has_the_covariance_asked_for():
    one, other, angle = 1.2, 2.4, 0.7
    q = quadratic_form(31, double([[one, other]]), double([angle]))
    kernel = cut(generalized(q, double([1.0])), torch.tensor([31]))[0].numpy()
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    expected = turn @ np.diag([one**2, other**2]) @ turn.T
    assert kernel.sum() == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(moments(kernel), expected, rtol=1e-6)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
def test_bells_are_functions_of_the_quadratic_form(beta):
    deviation, angle = (0.8, 1.9), -1.1
    q = quadratic_form(9, double([deviation]), double([angle]))[0]
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag(np.square(deviation)) @ turn.T)
    expected = np.array([[np.array([x, y]) @ inverse @ [x, y] for x in range(-4, 5)] for y in range(-4, 5)])
    np.testing.assert_allclose(q.numpy(), expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        generalized(q[None], double([beta]))[0], np.exp(-(expected.clip(0) ** beta) / 2), rtol=1e-6
    )
    np.testing.assert_allclose(
        plateau(q[None], double([beta]))[0], 1 / (1 + expected.clip(0) ** beta), rtol=1e-6
    )


def test_a_sinc_filter_is_that_of_the_formula():
    cutoff = 1.3
    kernel = sinc(21, double([cutoff]))[0].numpy()
    y, x = np.mgrid[-10:11, -10:11]
    r = np.hypot(x, y)
    r[10, 10] = 1
    expected = cutoff * special.j1(cutoff * r) / (2 * np.pi * r)
    expected[10, 10] = cutoff**2 / (4 * np.pi)
    np.testing.assert_allclose(kernel, expected, rtol=0, atol=1e-7)


def test_a_sinc_filter_passes_low_frequencies_and_stops_high_ones():
    kernel = cut(sinc(101, double([1.0])), torch.tensor([101]))[0].numpy()
    x = np.arange(-50, 51)
    passed, stopped = ((kernel.sum(0) * np.cos(f * x)).sum() for f in (0.5, 1.5))
    assert passed == pytest.approx(1, abs=0.1) and stopped == pytest.approx(0, abs=0.1)


def test_kernels_are_cut_to_their_sizes_and_sum_to_one():
    blur = RandomBlur(sinc=0.3)
    kernel, number = draw(blur)
    size = drawn_sizes(number[:, 1], blur.sizes)
    assert kernel.shape == (64, 21, 21) and set(size.tolist()) == set(range(7, 22, 2))
    torch.testing.assert_close(kernel.sum((1, 2)), torch.ones(64))
    for one, width in zip(kernel, size.tolist(), strict=True):
        margin = (21 - width) // 2
        border = one.clone()
        border[margin : 21 - margin, margin : 21 - margin] = 0
        assert not border.any()


def test_kernels_are_symmetric_about_their_center():
    kernel, _ = draw(RandomBlur(sinc=0.2))
    torch.testing.assert_close(kernel, kernel.flip(1, 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_isotropic_kernels_equal_their_transpose_and_others_do_not(shape):
    kernel, _ = draw(RandomBlur(kernels={shape: 1.0}, sinc=0.0, deviation=(0.8, 3.0)))
    same = (kernel - kernel.transpose(1, 2)).abs().amax((1, 2)) < 1e-6
    assert same.all() if shape.endswith("-isotropic") or shape == "isotropic" else not same.any()


def test_shapes_come_as_often_as_asked():
    blur = RandomBlur()
    kernel, _ = draw(blur, n=4000)
    ringing = (kernel < 0).any(2).any(1).float().mean()
    assert ringing == pytest.approx(0.1, abs=0.02)
    turned = (kernel - kernel.transpose(1, 2)).abs().amax((1, 2)) > 1e-4
    assert turned.float().mean() == pytest.approx(0.9 * 0.31, abs=0.04)


def test_half_of_the_betas_are_below_one():
    only = RandomBlur(kernels={"generalized-isotropic": 1.0}, sinc=0.0, deviation=(1.0, 1.0), sizes=(21, 21))
    kernel, _ = draw(only, n=2000)
    # at distance 1 all have exp(-1/2); at distance 2 it is exp(-4^β / 2)
    ratio = kernel[:, 10, 12] / kernel[:, 10, 10]
    beta = torch.log(-2 * torch.log(ratio.double())) / math.log(4)
    assert (beta < 1).float().mean() == pytest.approx(0.5, abs=0.05)
    assert beta.min() >= 0.5 - 1e-3 and beta[beta < 2].max() > 1.5


def test_no_tap_is_a_denormal_number():
    kernel, _ = draw(RandomBlur(deviation=(0.2, 0.8)), n=200)
    nonzero = kernel[kernel != 0].abs()
    assert nonzero.min() >= 1e-12


def test_filtering_is_that_of_scipy_with_mirrored_borders():
    image = torch.rand(3, 2, 12, 9, dtype=torch.float64)
    kernel, _ = draw(RandomBlur(sizes=(5, 5)), n=3)
    size = torch.tensor([[12, 9], [7, 9], [5, 4]])
    made = filtered(Canvas(image, size), kernel.double()).image
    for row, (h, w) in enumerate(size.tolist()):
        for channel in range(2):
            expected = ndimage.convolve(
                image[row, channel, :h, :w].numpy(), kernel[row].double().numpy(), mode="mirror"
            )
            np.testing.assert_allclose(made[row, channel, :h, :w], expected, atol=1e-12)


def test_images_smaller_than_the_kernel_are_mirrored_as_often_as_it_takes():
    image = torch.rand(1, 1, 3, 1)
    made = mirrored(Canvas(image, torch.tensor([[3, 1]])), 5)[0, 0].numpy()
    np.testing.assert_array_equal(made, np.pad(image[0, 0].numpy(), 5, mode="reflect"))


def test_borders_are_repeated():
    image = torch.rand(2, 1, 4, 4)
    canvas = Canvas(image, torch.tensor([[4, 4], [2, 3]]))
    made = extended(canvas, 8, 6)
    np.testing.assert_array_equal(made[1, 0], np.pad(image[1, 0, :2, :3], ((0, 6), (0, 3)), mode="edge"))
    assert inside(canvas).flatten(1).sum(1).tolist() == [16, 6]


def test_a_fraction_of_images_is_filtered():
    image = torch.rand(400, 1, 8, 8)
    for augment, share in ((RandomBlur(probability=0.25), 0.25), (SincFilter(), 0.8)):
        torch.manual_seed(0)
        changed = (augment(image) != image).flatten(1).any(1).float().mean()
        assert changed == pytest.approx(share, abs=0.06)


def test_a_constant_image_stays():
    image = torch.full((8, 3, 10, 10), 0.3)
    torch.testing.assert_close(RandomBlur()(image), image)
    torch.testing.assert_close(SincFilter()(image), image)


@pytest.mark.parametrize(
    "options, words",
    [
        ({"kernels": {"round": 1.0}}, "isotropic, anisotropic"),
        ({"kernels": {"isotropic": 0.0}}, "not all 0"),
        ({"sizes": (8, 21)}, "two odd numbers"),
        ({"deviation": (3.0, 1.0)}, "ends of a range"),
        ({"cutoff": (1.0, 4.0)}, "ends of a range"),
        ({"probability": 1.5}, "from 0 to 1"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(ValueError, match=words):
        RandomBlur(**options)
