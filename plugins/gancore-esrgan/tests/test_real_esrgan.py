"""Sources that are made of images, and what Real-ESRGAN minimizes."""

from itertools import product

import numpy as np
import pytest
import torch
from gancore_esrgan import FeatureL1, RealESRGAN
from gancore_esrgan.degradation import Degradation, UnsharpMask
from pytest import approx
from torch.nn.functional import avg_pool2d, softplus

from gancore import create, evaluate, train
from gancore.component.part import part
from gancore.component.randomness import normal
from gancore.component.specs import spec
from gancore.errors import FitError
from gancore.measure.extractors import Pixels
from gancore.standard.distances import L1
from gancore.standard.optimizers import Adam
from gancore.training.run import TrainingRun


@part("noisy")
class Noisy(Degradation):
    """The means of squares, with noise."""

    def degraded(self, image):
        small = avg_pool2d(image, self.scale)
        return small + 0.1 * normal(len(small), *small.shape[1:], like=small)


SMALL = {
    "generator": {"width": 4, "growth": 2, "blocks": 1},
    "discriminator": {"width": 2},
    "scale": 2,
}


def built(**options):
    return RealESRGAN(**{**SMALL, "degradation": Noisy(), "image": (3, 16, 16), **options})


class Images:
    def __init__(self):
        self.position = 0

    def next(self, n=None):
        rng = torch.Generator().manual_seed(self.position)
        self.position += 1
        return {"image": torch.rand(n or 4, 3, 16, 16, generator=rng) * 2 - 1}


def run_of(recipe, **how):
    return TrainingRun(recipe, Images(), batch=4, total=64, **how)


def test_published_settings_are_the_defaults():
    recipe = RealESRGAN()
    assert (recipe.pixel_weight, recipe.perceptual_weight, recipe.adversarial) == (1, 1, 0.1)
    assert (recipe.batch_size, recipe.scale, recipe.wants) == (48, 4, {"image"})
    assert recipe.loss.name == "non-saturating" and recipe.discriminator.name == "unet-sn"
    assert recipe.degradation.name == "second-order" and recipe.sharpening.name == "unsharp-mask"
    assert (recipe.sharpened_pixel, recipe.sharpened_perceptual, recipe.sharpened_adversarial) == (1, 1, 0)
    assert recipe.average.decay(images=10**6, batch=48) == approx(0.999, abs=1e-6)
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert isinstance(optimizer, Adam)
        assert (optimizer.lr, optimizer.betas, optimizer.factor(10**7, 0)) == (1e-4, (0.9, 0.99), 1)


def test_the_source_follows_from_the_image():
    recipe = RealESRGAN(**SMALL)
    recipe.bind(facts={"image": (3, 16, 24)}, by="the data")
    assert recipe.source == (3, 8, 12) and recipe.generator.scale == 2 and recipe.degradation.scale == 2
    assert "source" not in spec(recipe)
    with pytest.raises(FitError, match="4 times smaller, but got images of 30×32; use sides that are mult"):
        RealESRGAN(image=(3, 30, 32))


def test_sources_are_drawn_anew_in_each_step_and_from_the_run_alone():
    recipe = built()
    run = run_of(recipe)
    first, second = recipe.real_batch(run), recipe.real_batch(run)
    again = recipe.real_batch(run_of(recipe))
    assert torch.equal(first.source, again.source)
    sharp = [avg_pool2d(recipe.sharpened(real.image), 2) for real in (first, second)]
    noises = [(real.source - mean) / 0.1 for real, mean in zip((first, second), sharp, strict=True)]
    assert not torch.allclose(*noises)
    assert float(noises[0].std()) == approx(1, abs=0.1)
    assert not torch.allclose(noises[0][0], noises[0][1])
    state = torch.get_rng_state()
    recipe.real_batch(run)
    assert torch.equal(torch.get_rng_state(), state)


def test_both_players_see_the_same_sources():
    recipe, seen = built(), []
    run = run_of(recipe)
    recipe.generator.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    recipe.step(run)
    assert len(seen) == 2 and torch.equal(*seen)


def test_the_generator_minimizes_pixels_features_and_the_adversarial_loss():
    recipe = built(perceptual=FeatureL1(extractor=Pixels(size=4)))
    real = recipe.real_batch(run_of(recipe))
    made = recipe.generator(real.source)
    terms = recipe.generator_terms(recipe.latent_batch(None, 4, real), real)
    sharp = UnsharpMask()(real.image)
    assert not torch.allclose(sharp, real.image, atol=0.1)
    features = (avg_pool2d(made, 4) - avg_pool2d(sharp, 4)).abs().mean()
    assert terms["pixel"].item() == approx((made - sharp).abs().mean().item() / 2, rel=1e-5)
    assert terms["perceptual"].item() == approx(features.item(), rel=1e-5)
    expected = 0.1 * softplus(-recipe.discriminator(made)).mean().item()
    assert terms["adversarial"].item() == approx(expected, rel=1e-5)


@pytest.mark.parametrize("flags", list(product((False, True), repeat=3)))
def test_each_term_sees_the_image_or_the_sharpened_one(flags):
    names = ("sharpened_pixel", "sharpened_perceptual", "sharpened_adversarial")
    recipe, read = built(perceptual=L1(), **dict(zip(names, flags, strict=True))), []
    run = run_of(recipe)
    image, real = Images().next()["image"], recipe.real_batch(run)
    recipe.discriminator.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    terms = recipe.generator_terms(recipe.latent_batch(None, 4, real), real)
    recipe.discriminator_terms(real, recipe.latent_batch(None, 4, real))
    made, either = recipe.generator(real.source), (image, UnsharpMask()(image))
    apart = [(made - either[flag]).abs().mean().item() for flag in flags]
    assert terms["pixel"].item() == approx(apart[0] / 2, rel=1e-5)
    assert terms["perceptual"].item() == approx(apart[1], rel=1e-5)
    assert any(torch.equal(shown, either[flags[2]]) for shown in read)
    assert not any(torch.equal(shown, either[not flags[2]]) for shown in read)
    (probe,) = recipe.probes().values()
    assert torch.equal(({"image": image} | recipe.derive({"image": image}))[probe.real], either[flags[2]])


def test_an_empty_seat_leaves_images_as_they_are():
    recipe = built(sharpening=None)
    real = recipe.real_batch(run_of(recipe))
    made = recipe.generator(real.source)
    assert recipe.distances(made, real.image)["pixel"].item() == approx(
        (made - real.image).abs().mean().item() / 2, rel=1e-6
    )
    assert create("real-esrgan-small").sharpening is None


def test_batches_are_drawn_from_the_pool():
    recipe, seen = built(pool=8, sharpening=None), []
    run = run_of(recipe)
    for _ in range(6):
        seen.append(recipe.real_batch(run))
        noise = seen[-1].source - avg_pool2d(seen[-1].image, 2)
        assert float(noise.std()) == approx(0.1, abs=0.01)  # each source is that of its image
    fresh = [Images().next()["image"]]
    assert torch.equal(seen[0].image, fresh[0]) and int(recipe.pair_pool.held) == 8
    first = torch.cat([batch.image for batch in seen[:2]])
    assert all(any(torch.equal(image, kept) for kept in first) for image in seen[2].image)
    again = run_of(built(pool=8, sharpening=None))
    assert torch.equal([again.recipe.real_batch(again) for _ in range(6)][5].source, seen[5].source)


def test_a_batch_that_does_not_divide_the_pool_is_refused():
    recipe = built(pool=6)
    with pytest.raises(FitError, match="pool has 6 pairs, .* batches of 4; set pool to .*such as 8, or to 0"):
        recipe.real_batch(run_of(recipe))


def test_micro_batches_have_the_sources_of_the_whole_batch():
    seen = {}
    for size in (None, 2):
        recipe = built()
        run = run_of(recipe, micro_batch=size)
        given = seen.setdefault(size, [])
        recipe.generator.register_forward_pre_hook(lambda _, x, given=given: given.append(x[0]))
        recipe.step(run)
    assert torch.equal(torch.cat(seen[2][:2]), seen[None][0])


def test_grids_and_evaluations_read_a_smaller_copy():
    recipe = built()
    pipeline = recipe.pipelines()["image"]
    assert (pipeline.reads, pipeline.makes, pipeline.reads_shape) == ("source", "image", (3, 8, 8))
    flat = torch.full((1, 3, 16, 16), 0.25)
    copies = [recipe.derive({"image": flat})["source"] for _ in range(2)]
    assert torch.equal(*copies) and copies[0].shape == (1, 3, 8, 8)
    torch.testing.assert_close(copies[0], torch.full((1, 3, 8, 8), 0.25), atol=1 / 255, rtol=0)


def test_pixels_alone_come_first():
    recipe = create("real-esrnet")
    assert (recipe.adversarial, recipe.perceptual, recipe.pixel_weight) == (0, None, 1)
    assert (recipe.generator_optimizer.lr, recipe.batch_size) == (2e-4, 48)


def test_small_presets_are_told_the_size_of_the_source():
    first, second = (create(name, image=(3, 32, 32)) for name in ("real-esrnet-small", "real-esrgan-small"))
    assert first.generator.blocks == second.generator.blocks and first.perceptual is None
    for recipe in (first, second):
        assert recipe.source == (3, 8, 8) and recipe.degradation.resize_range == (0.6, 1.2)


def test_a_run_is_scored_by_its_pairs(tmp_path):
    images = tmp_path / "images.npy"
    np.save(images, np.random.default_rng(0).integers(0, 256, (16, 3, 16, 16), dtype=np.uint8))
    recipe = RealESRGAN(**SMALL, degradation="bicubic", average="no-average")
    settings = {"images": 8, "batch": 4, "hold_out": 8, "evaluate_every": 0}
    trained = train(recipe, images, **settings, output=tmp_path / "run")
    assert trained.images == 8
    found = evaluate(tmp_path / "run", score="pairs", count=8)
    assert found["PSNR"] > 0 and found["MAE"] > 0
