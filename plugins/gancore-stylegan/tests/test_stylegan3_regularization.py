"""What keeps StyleGAN3's discriminator in check: R1 with γ by the size, and the blur of configuration R."""

import pytest
import torch
from gancore_stylegan import FadingBlur, RotationalStyleGAN3, StyleGAN3
from torch.nn import functional

from gancore.standard.augments import DiffAugment
from gancore.testing import contracts
from gancore.testing.stage import drive, start


@contracts(FadingBlur, RotationalStyleGAN3)
def test_contract(check):
    check()


@pytest.mark.parametrize(
    ("height", "width", "gamma"),
    [(128, 128, 0.5), (256, 256, 2), (512, 512, 8), (1024, 1024, 32), (64, 96, 0.1875)],
)
def test_gamma_is_the_recommended_one(height, width, gamma):
    assert StyleGAN3.derived["regularizers.0.gamma"](image=(3, height, width)) == gamma


@pytest.mark.parametrize("cls", [StyleGAN3, RotationalStyleGAN3])
def test_gamma_follows_the_images(cls):
    small = {name: cls.examples[0][name] for name in ("generator", "conditioner", "discriminator")}
    (penalty,) = cls(image=(1, 8, 16), **small).regularizers
    assert (penalty.name, penalty.gamma, penalty.every) == ("r1", 8 * 16 / 2**15, 16)


def seen(blur, images):
    blur.seen.clear()
    blur.observe(torch.zeros(images))
    blur.update_buffers()
    return blur


def test_it_is_the_gaussian_that_fades_with_the_images_seen():
    image = torch.rand(2, 3, 20, 14)
    blur = FadingBlur(sigma=2.0, images=100)
    for count, sigma in ((0, 2.0), (30, 1.4), (20, 1.0)):
        seen(blur, count)
        place = torch.arange(-6, 7).double()
        taps = torch.exp(-place.square() / (2 * sigma**2))
        kernel = (taps[:, None] * taps / taps.sum() ** 2).float().expand(3, 1, -1, -1)
        assert torch.allclose(blur(image), functional.conv2d(image, kernel, padding=6, groups=3), atol=1e-5)
        assert blur.scalars()["sigma"].item() == pytest.approx(sigma)
    assert torch.equal(seen(blur, 50)(image), image) and torch.equal(seen(blur, 1000)(image), image)


@pytest.mark.parametrize("sigma", [-1.0, 1001.0, float("inf"), float("nan")])
def test_a_deviation_without_measure_is_refused(sigma):
    with pytest.raises(ValueError, match="sigma must be a number from 0 to 1000"):
        FadingBlur(sigma=sigma)


def test_a_small_deviation_blurs():
    image = torch.rand(1, 1, 8, 8)
    assert not torch.equal(seen(FadingBlur(sigma=0.3, images=100), 0)(image), image)


def test_it_does_not_round_under_autocast():
    image, blur = torch.rand(1, 3, 8, 8), seen(FadingBlur(images=10), 10)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(blur(image), image)


def test_another_augmentation_follows():
    image, blur = (
        torch.rand(2, 3, 8, 8),
        seen(FadingBlur(images=10, then=DiffAugment(policy=("cutout",))), 10),
    )
    changed = blur(image)
    hidden = changed == 0
    assert hidden.any() and torch.equal(changed[~hidden], image[~hidden])


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_a_training_counts_its_images(micro_batch):
    recipe = RotationalStyleGAN3(
        image=(1, 8, 8), augment={"part": "fading-blur", "then": "ada"}, **RotationalStyleGAN3.examples[0]
    )
    run = start(recipe, micro_batch=micro_batch)
    drive(run, 3)
    assert recipe.augment.count == run.images > 0
    assert recipe.augment.then.updates == 3 and set(recipe.augment.scalars()) == {"sigma", "p", "r"}


def test_published_defaults():
    recipe = RotationalStyleGAN3(generator={"part": "stylegan3-r"})
    assert (recipe.augment.sigma, recipe.augment.images, recipe.augment.then.name) == (
        10.0,
        200_000,
        "no-augment",
    )
    assert (recipe.generator.kernel, recipe.generator.channels_base, recipe.generator.channels_max) == (
        1,
        65536,
        1024,
    )
    assert StyleGAN3().augment.name == "no-augment"
