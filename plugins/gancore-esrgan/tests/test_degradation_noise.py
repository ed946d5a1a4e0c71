"""Noise against the moments of its distribution."""

from functools import partial

import numpy as np
import pytest
import torch
from gancore_esrgan.degradation import EightBit, GaussianNoise, PoissonNoise, RandomNoise
from gancore_esrgan.degradation.canvas import Canvas
from gancore_esrgan.degradation.poisson import EXPOSURES, counts, photons
from scipy import stats

GRAY, COLOR = {"gray": 1.0}, {"gray": 0.0}


def noise(augment, level, n=4, size=64, channels=3):
    """What is added to constant images of a level of 255, in levels."""
    torch.manual_seed(0)
    image = torch.full((n, channels, size, size), level / 127.5 - 1)
    return (augment(image) - image) * 127.5


def test_gaussian_noise_has_the_deviation_asked_for():
    made = noise(GaussianNoise(deviation=(10.0, 10.0), **COLOR), 128)
    assert made.std() == pytest.approx(10, rel=0.02) and made.mean() == pytest.approx(0, abs=0.2)


def test_deviations_are_uniform_in_their_range():
    made = noise(GaussianNoise(deviation=(1.0, 9.0), **COLOR), 128, n=500, size=24).flatten(1).std(1)
    assert made.min() < 1.5 and made.max() > 8.5 and made.mean() == pytest.approx(5, abs=0.3)


@pytest.mark.parametrize(
    "kind", [partial(GaussianNoise, deviation=(9.0, 9.0)), partial(PoissonNoise, scale=(0.5, 0.5))]
)
def test_gray_noise_is_the_same_in_all_channels(kind):
    torch.manual_seed(0)
    image = torch.rand(6, 3, 16, 16) * 0.2 - 0.1
    added = kind(**GRAY)(image) - image
    torch.testing.assert_close(added, added[:, :1].expand_as(added), atol=1e-6, rtol=0)
    added = kind(**COLOR)(image) - image
    assert (added[:, 0] - added[:, 1]).abs().max() > 0.01
    some = kind(gray=0.4)
    added = some(image[:1, :, :4, :4].expand(400, -1, -1, -1)) - image[:1, :, :4, :4]
    alike = ((added - added[:, :1]).abs().amax((1, 2, 3)) < 1e-6).float().mean()
    assert alike == pytest.approx(0.4, abs=0.1)


def test_what_leaves_the_range_is_clamped():
    for kind in (GaussianNoise(deviation=(200.0, 200.0)), PoissonNoise(scale=(50.0, 50.0))):
        made = kind(torch.rand(2, 3, 8, 8) * 2 - 1)
        assert made.min() >= -1 and made.max() <= 1


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_counts_are_poisson(exposure):
    """By the inverse of the cumulative probabilities of scipy."""
    level = torch.randint(0, 256, (1, 3000), generator=torch.Generator().manual_seed(1))
    number = torch.rand(1, 3000, generator=torch.Generator().manual_seed(2))
    made = counts(number, level, torch.tensor([exposure]))[0].numpy()
    rate = level[0].numpy() / 255 * exposure
    expected = np.where(rate > 0, stats.poisson.ppf(number[0].numpy(), np.maximum(rate, 1e-9)), 0)
    assert (made != expected).mean() < 1e-3  # single precision may see a number on the other side of a step
    assert abs(made - expected).max() <= 1


def test_different_levels_are_counted_up_to_a_power_of_two():
    level = torch.zeros(4, 1, 4, 4, dtype=torch.long)
    level[1, 0, 0] = torch.arange(4)  # 0 is among them
    level[2, 0] = torch.arange(100, 116).reshape(4, 4)
    level[3] = level[2]
    size = torch.tensor([[4, 4], [4, 4], [4, 4], [1, 3]])
    image = torch.zeros(4, 1, 4, 4)
    assert photons(level, Canvas(image, size)).tolist() == [1, 4, 16, 4]


@pytest.mark.parametrize("constant", [80, 160])
def test_the_variance_of_poisson_noise_is_proportional_to_the_level(constant):
    """The first row has 16 levels, which make the exposure; the rest is constant."""
    scale, exposure = 0.5, 16
    level = torch.full((8, 1, 64, 64), float(constant))
    level[:, :, 0, :16] = torch.arange(16) * 16.0  # 80 and 160 are among them
    image = level / 127.5 - 1
    torch.manual_seed(0)
    added = (PoissonNoise(scale=(scale, scale), **COLOR)(image) - image)[:, :, 1:]
    # s (X / v - y / 255), of variance s² (y / 255) / v, is 2 wide here
    assert added.std() == pytest.approx(2 * scale * np.sqrt(constant / 255 / exposure), rel=0.03)
    assert added.mean() == pytest.approx(0, abs=0.01)
    # a Poisson variable has the skewness 1 / √rate
    skewness = ((added - added.mean()) / added.std()).pow(3).mean()
    assert skewness == pytest.approx(1 / np.sqrt(constant / 255 * exposure), rel=0.15)


def test_black_has_no_poisson_noise():
    assert not noise(PoissonNoise(), 0).any()


def test_each_image_has_one_kind_of_noise():
    torch.manual_seed(0)
    image = torch.full((300, 1, 4, 4), -1.0)  # black: noise that is counted leaves it as it is
    made = RandomNoise(gaussian_probability=0.3)(image)
    assert (made != image).flatten(1).any(1).float().mean() == pytest.approx(0.3, abs=0.08)


def test_both_kinds_are_those_of_the_whole_batch():
    image = torch.rand(6, 3, 8, 8) * 2 - 1
    kinds = {"gaussian": GaussianNoise(), "poisson": PoissonNoise()}
    torch.manual_seed(0)
    made = RandomNoise(**kinds, gaussian_probability=0.6)(image)
    torch.manual_seed(0)
    which = torch.rand(6) < 0.6
    one, other = (kinds[name](image) for name in ("gaussian", "poisson"))
    assert which.any() and not which.all()
    torch.testing.assert_close(made, torch.where(which[:, None, None, None], one, other))


def test_images_are_rounded_to_256_levels():
    image = torch.linspace(-1.2, 1.2, 240).reshape(1, 1, 12, 20).requires_grad_()
    made = EightBit()(image)
    level = (image.detach().double().clamp(-1, 1) + 1) * 127.5
    torch.testing.assert_close(((made.double() + 1) * 127.5), level.round(), atol=1e-4, rtol=0)
    made.sum().backward()
    torch.testing.assert_close(image.grad, (image.detach().abs() <= 1).float())
