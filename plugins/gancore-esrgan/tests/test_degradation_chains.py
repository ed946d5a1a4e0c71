"""The chains from targets to sources."""

import pytest
import torch
from gancore_esrgan.degradation import (
    JPEG,
    PRESETS,
    ClassicalDegradation,
    EightBit,
    GaussianNoise,
    RandomBlur,
    SecondOrderDegradation,
    SincFilter,
)
from torch.nn import functional

import gancore
from gancore.component.randomness import Rows, own_rows, seeded
from gancore.errors import FitError

NOTHING = {
    **dict.fromkeys(
        ("blur", "noise", "compression", "second_blur", "second_noise", "second_compression", "sinc"), "none"
    ),
    "resize": (0.0, 0.0, 1.0),
    "second_resize": (0.0, 0.0, 1.0),
}


def images(n=4, channels=3, height=16, width=16, seed=0):
    """Smooth ones, so that little is lost."""
    rough = torch.rand(n, channels, 6, 6, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    return functional.interpolate(rough, size=(height, width), mode="bicubic").clamp(-1, 1)


def degraded(chain, image, seed=0):
    with seeded(seed):
        return chain(image)


@pytest.mark.parametrize("kind", [ClassicalDegradation, SecondOrderDegradation])
@pytest.mark.parametrize(
    "shape, scale", [((3, 16, 16), 1), ((1, 32, 48), 2), ((4, 8, 16), 4), ((3, 4, 4), 4)]
)
def test_sources_are_smaller_by_the_scale_with_256_levels(kind, shape, scale):
    made = degraded(kind(scale=scale), torch.rand(3, *shape) * 2 - 1)
    assert made.shape == (3, shape[0], shape[1] // scale, shape[2] // scale) and made.dtype == torch.float32
    level = (made.double() + 1) * 127.5
    torch.testing.assert_close(level, level.round().clamp(0, 255), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", [ClassicalDegradation, SecondOrderDegradation])
def test_a_seed_gives_the_same_sources_and_another_others(kind):
    chain, image = kind(scale=2), images()
    assert torch.equal(degraded(chain, image, 1), degraded(chain, image, 1))
    assert not torch.equal(degraded(chain, image, 1), degraded(chain, image, 2))


@pytest.mark.parametrize("kind", [ClassicalDegradation, SecondOrderDegradation])
def test_sources_do_not_depend_on_the_other_images(kind):
    chain, image = kind(scale=2), images(6).double()
    whole = degraded(chain, image)
    for row in range(6):
        others = images(6, seed=1).double()
        others[row] = image[row]
        torch.testing.assert_close(degraded(chain, others)[row], whole[row])
    for start in range(0, 6, 2):
        with own_rows(Rows(6, start, start + 2)):
            torch.testing.assert_close(degraded(chain, image[start : start + 2]), whole[start : start + 2])


def test_images_of_a_batch_are_degraded_differently():
    image = images(1).expand(8, -1, -1, -1)
    made = degraded(SecondOrderDegradation(scale=2), image)
    assert all(not torch.equal(made[0], other) for other in made[1:])


def test_bicubic_reduction_is_that_of_torch():
    image = images()
    made = gancore.create("degradation/bicubic", scale=4)(image)
    expected = functional.interpolate(image, size=(4, 4), mode="bicubic", antialias=True)
    torch.testing.assert_close(made, EightBit()(expected))


def test_the_classical_chain_is_its_steps_in_order():
    blur, noise, jpeg = RandomBlur(), GaussianNoise(), JPEG()
    image = images()
    made = degraded(ClassicalDegradation(scale=2, blur=blur, noise=noise, compression=jpeg), image)
    with seeded(0):
        small = functional.interpolate(blur(image), size=(8, 8), mode="bicubic", antialias=True)
        expected = EightBit()(jpeg(noise(small)))
    torch.testing.assert_close(made, expected)


def test_without_steps_the_second_order_only_resizes():
    """By one of three filters, and sizes stay where no resize is due."""
    image = images(12)
    chain = SecondOrderDegradation(scale=2, **NOTHING)
    made = degraded(chain, image)
    found = [
        torch.stack([EightBit()(functional.interpolate(image, size=8, mode=mode))])
        for mode in ("area", "bilinear", "bicubic")
    ]
    off = torch.stack([(made - one[0]).abs().amax((1, 2, 3)) for one in found])
    assert (off.min(0).values < 0.009).all() and (off.min(1).values < 0.009).all()
    assert torch.allclose(
        degraded(SecondOrderDegradation(scale=1, **NOTHING), image), EightBit()(image), atol=1e-6
    )


@pytest.mark.parametrize("last", [0.0, 1.0])
def test_compression_comes_before_or_after_the_last_filter(last):
    sinc, jpeg = SincFilter(probability=1.0, cutoff=(1.2, 1.2), sizes=(7, 7)), JPEG(quality=(30.0, 30.0))
    options = {**NOTHING, "sinc": sinc, "second_compression": jpeg, "compressed_last": last}
    image = images()
    made = degraded(SecondOrderDegradation(scale=1, **options), image)
    expected = jpeg(sinc(image)) if last else sinc(jpeg(image))
    torch.testing.assert_close(made, EightBit()(expected), atol=0.009, rtol=0)
    other = sinc(jpeg(image)) if last else jpeg(sinc(image))
    assert (made - EightBit()(other)).abs().max() > 0.05


def test_both_orders_occur():
    sinc, jpeg = SincFilter(probability=1.0, cutoff=(1.2, 1.2), sizes=(7, 7)), JPEG(quality=(30.0, 30.0))
    options = {**NOTHING, "sinc": sinc, "second_compression": jpeg}
    image = images(40)
    made = degraded(SecondOrderDegradation(scale=1, **options), image)
    after = (made - EightBit()(jpeg(sinc(image)))).abs().amax((1, 2, 3)) < 0.009
    before = (made - EightBit()(sinc(jpeg(image)))).abs().amax((1, 2, 3)) < 0.009
    assert (after ^ before).all() and 8 < int(after.sum()) < 32


def test_second_order_loses_more_than_bicubic_and_mild_less_than_it():
    image = images(16, height=64, width=64)
    clean = gancore.create("degradation/bicubic", scale=4)(image)
    off = {
        name: (degraded(gancore.create(f"degradation/{name}", scale=4), image) - clean).abs().mean()
        for name in ("second-order", "second-order-mild")
    }
    assert 0.01 < off["second-order-mild"] < 0.85 * off["second-order"]


def test_a_gradient_reaches_every_target():
    image = images(6).requires_grad_()
    degraded(SecondOrderDegradation(scale=2), image).square().sum().backward()
    assert image.grad.isfinite().all() and image.grad.flatten(1).any(1).all()


def test_published_numbers_are_the_defaults():
    chain = SecondOrderDegradation(scale=4)
    assert chain.blur.deviation == (0.2, 3.0) and chain.second_blur.deviation == (0.2, 1.5)
    assert chain.blur.probability == 1 and chain.second_blur.probability == 0.8
    assert sum(chain.blur.kernels.values()) == pytest.approx(1) and chain.blur.sinc == 0.1
    assert chain.noise.gaussian.deviation == (1.0, 30.0) and chain.noise.poisson.scale == (0.05, 3.0)
    assert chain.second_noise.gaussian.deviation == (1.0, 25.0)
    assert chain.second_noise.poisson.scale == (0.05, 2.5)
    assert chain.compression.quality == chain.second_compression.quality == (30.0, 95.0)
    assert chain.sinc.probability == 0.8 and chain.compressed_last == 0.5


def test_presets_say_what_they_change():
    assert {preset.name for preset in PRESETS} == {"bicubic", "second-order-mild"}
    mild = gancore.create("degradation/second-order-mild", scale=2)
    assert mild.second_blur.probability == 0.8 and mild.second_noise.gaussian.deviation == (1.0, 8.0)


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(FitError, match=r"4 times smaller.*\(30, 32\)"):
        SecondOrderDegradation(scale=4)(torch.zeros(1, 3, 30, 32))
    with pytest.raises(FitError, match="at least 1"):
        SecondOrderDegradation(scale=0)
    with pytest.raises(ValueError, match="smallest and the largest factor"):
        SecondOrderDegradation(scale=4, resize_range=(1.1, 1.5))
    with pytest.raises(ValueError, match="3 probabilities"):
        SecondOrderDegradation(scale=4, resize=(0.0, 0.0, 0.0))
