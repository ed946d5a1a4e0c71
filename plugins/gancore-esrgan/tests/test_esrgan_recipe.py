"""What both players minimize, the two steps of training, and what does not fit."""

import pytest
import torch
from gancore_esrgan import ESRGAN, FeatureL1, SRGANDiscriminator
from PIL import Image
from pytest import approx
from torch.nn.functional import softplus

from gancore import create, load, train, upscale
from gancore.component.scheduled import advance
from gancore.errors import FitError
from gancore.measure.extractors import Emoji, Pixels
from gancore.recipes.batches import RealBatch
from gancore.standard.optimizers import Adam
from gancore.training.run import TrainingRun

SMALL = {
    "generator": {"width": 4, "growth": 2, "blocks": 1},
    "discriminator": {"part": "gancore-esrgan:unet-sn", "width": 2},
    "source": (3, 4, 4),
    "image": (3, 16, 16),
}


class Pairs:
    def next(self, n=None):
        rng = torch.Generator().manual_seed(3)
        return {
            name: torch.rand(n or 4, 3, side, side, generator=rng) * 2 - 1
            for name, side in (("source", 4), ("target", 16))
        }


def batches(recipe):
    real = recipe.pairs(Pairs().next(4))
    return real, recipe.latent_batch(None, 4, real)


def stepped(recipe, steps=1):
    run = TrainingRun(recipe, Pairs(), batch=4, total=64)
    before = {name: value.clone() for name, value in recipe.state_dict().items()}
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    changed = {name for name, value in recipe.state_dict().items() if not torch.equal(value, before[name])}
    return {name.split(".")[0] for name in changed}


def test_published_settings_are_the_defaults():
    recipe = ESRGAN()
    assert (recipe.adversarial, recipe.pixel_weight, recipe.perceptual_weight) == (5e-3, 1e-2, 1)
    assert (recipe.batch_size, recipe.loss.name, recipe.reads_source) == (16, "relativistic-average", False)
    assert (recipe.generator.blocks, recipe.generator.width, recipe.generator.growth) == (23, 64, 32)
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert isinstance(optimizer, Adam)
        assert (optimizer.lr, optimizer.betas) == (1e-4, (0.9, 0.999))
        factors = [optimizer.factor(16 * step, 0) for step in (0, 49_999, 50_000, 150_000, 299_999, 300_000)]
        assert factors == [1, 1, 0.5, 0.25, 0.125, 0.0625]


def test_the_generator_descends_equation_3_with_pixels_from_0_to_1():
    recipe = ESRGAN(**SMALL, perceptual=FeatureL1(extractor=Pixels(size=4)))
    real, latents = batches(recipe)
    made = recipe.generator(real.source)
    fake, true = recipe.discriminator(made), recipe.discriminator(real.image)
    terms = recipe.generator_terms(latents, real)
    average = softplus(true.mean() - fake).mean() + softplus(true - fake.mean()).mean()
    units = [(image + 1) / 2 for image in (made, real.image)]
    means = [image.unfold(2, 4, 4).unfold(3, 4, 4).mean((4, 5)) for image in (made, real.image)]
    assert terms["adversarial"].item() == approx(5e-3 * average.item(), rel=1e-5)
    assert terms["pixel"].item() == approx(1e-2 * (units[0] - units[1]).abs().mean().item(), rel=1e-5)
    assert terms["perceptual"].item() == approx((means[0] - means[1]).abs().mean().item(), rel=1e-5)


def test_the_discriminator_compares_with_the_average_of_the_other_kind():
    recipe = ESRGAN(**SMALL)
    real, latents = batches(recipe)
    fake, true = recipe.discriminator(recipe.generator(real.source)), recipe.discriminator(real.image)
    expected = softplus(fake.mean() - true).mean() + softplus(fake - true.mean()).mean()
    terms = recipe.discriminator_terms(real, latents)
    assert terms["adversarial"].item() == approx(expected.item(), rel=1e-5)


def test_the_distance_of_features_weighs_their_maps():
    images = torch.rand(2, 2, 3, 16, 16) * 2 - 1
    network = Emoji(image=(3, 16, 16))
    weights = [1.0, 0.0, 2.0, 0.5]
    apart = [(x - y).abs().mean((1, 2, 3)) for x, y in zip(*map(network.maps, images), strict=True)]
    expected = sum(w * d for w, d in zip(weights, apart, strict=True))
    found = FeatureL1(image=(3, 16, 16), weights=weights)(*images)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(FeatureL1(image=(3, 16, 16))(*images), sum(apart))


def test_as_many_weights_as_maps_are_asked_for():
    with pytest.raises(FitError, match="has 2 weights, but extractor/emoji gives 4 maps; give one weight"):
        FeatureL1(image=(3, 16, 16), weights=[1, 2])
    with pytest.raises(ValueError, match="numbers of at least 0, one for each map"):
        FeatureL1(weights=[-1.0])


def test_both_networks_are_trained():
    assert stepped(ESRGAN(**SMALL)) == {"generator", "discriminator"}


@pytest.mark.parametrize("name", ["esrnet", "esrnet-small"])
def test_the_first_step_of_training_is_by_pixels_alone(name):
    recipe = create(name, **SMALL)
    real, latents = batches(recipe)
    terms = recipe.distance_terms(latents, real)
    assert set(terms) == {"pixel"}
    expected = (recipe.generator(real.source) - real.image).abs().mean() / 2
    assert terms["pixel"].item() == approx(expected.item())
    assert stepped(recipe) == {"generator"}


def test_esrnet_has_the_published_settings():
    adam = create("esrnet").generator_optimizer
    assert (adam.lr, adam.betas) == (2e-4, (0.9, 0.999))
    factors = [adam.factor(16 * 200_000 * i, 0) for i in range(6)]
    assert factors == [1, 0.5, 0.25, 0.125, 0.0625, 0.0625]


def test_both_steps_fit_into_one_run():
    later = {"part": "piecewise", "between": "constant", "points": [[0, 0.0], [8, 0.005]]}
    recipe = ESRGAN(**SMALL, adversarial=later)
    run = TrainingRun(recipe, Pairs(), batch=4, total=64)
    judge = recipe.discriminator.first.weight
    before = judge.detach().clone()
    for rested in (True, True, False):
        advance(recipe, run.images, 64)
        recipe.step(run)
        run.step += 1
        assert torch.equal(judge, before) == rested


def test_small_presets_share_their_networks():
    first, second = create("esrnet-small"), create("esrgan-small")
    for seat in ("generator", "discriminator"):
        one, other = getattr(first, seat), getattr(second, seat)
        assert type(one) is type(other) and one.width == other.width
    assert first.generator.blocks == second.generator.blocks


def test_the_pipeline_enlarges_images():
    recipe = ESRGAN(**SMALL)
    pipeline = recipe.pipelines()["image"]
    assert pipeline.product == "translates" and pipeline.reads_shape == (3, 4, 4)
    assert pipeline.render(torch.rand(2, 3, 4, 4)).shape == (2, 3, 16, 16)


def test_a_joined_source_must_have_the_size_of_the_image():
    with pytest.raises(FitError, match="reads_source=false"):
        ESRGAN(**SMALL, reads_source=True)


def test_the_discriminator_of_srgan_ends_at_a_small_map():
    for side, halvings in ((8, 1), (32, 3), (128, 5), (160, 5)):
        with torch.device("meta"):
            made = SRGANDiscriminator(image=(3, side, side), width=2)
        assert made.halvings == halvings
        assert made.hidden.in_features == 2 * 2 ** min(halvings - 1, 3) * (side >> halvings) ** 2
    with pytest.raises(FitError, match="halves images 2 times, but got images of 18×16; use sides that are"):
        SRGANDiscriminator(image=(3, 18, 16), width=2)
    with pytest.raises(FitError, match="multiples of 2 and at least 8"):
        SRGANDiscriminator(image=(3, 4, 4), width=2)


def test_the_discriminator_of_srgan_has_the_published_number_of_weights():
    with torch.device("meta"):
        made = SRGANDiscriminator(image=(3, 128, 128))
    assert sum(p.numel() for p in made.parameters()) == 14_499_401
    normalized = [layer for layer in made.body if isinstance(layer, torch.nn.BatchNorm2d)]
    assert len(normalized) == 9
    kernels = [layer.kernel_size[0] for layer in made.body if isinstance(layer, torch.nn.Conv2d)]
    assert kernels == [3, 4] * 5


def test_rows_of_a_batch_are_targets_with_their_sources():
    real, latents = batches(ESRGAN(**SMALL))
    assert isinstance(real, RealBatch) and real.label is None
    assert torch.equal(latents.latent, real.source)


def test_the_second_step_takes_the_generator_of_the_first(tmp_path):
    small = {"generator.width": 4, "generator.growth": 2, "generator.blocks": 1, "discriminator.width": 2}
    how = {"size": 16, "source_from": "smaller-4", "images": 8, "batch": 4, "evaluate_every": 0}
    train("esrnet-small", "emoji", set=small, **how, output=tmp_path / "pixels")
    still = {**small, "generator_optimizer.lr": 0.0}
    train("esrgan-small", "emoji", set=still, init=tmp_path / "pixels", **how, output=tmp_path / "features")
    first, second = (load(tmp_path / name).generator.state_dict() for name in ("pixels", "features"))
    assert all(torch.equal(value, second[name]) for name, value in first.items())
    upscale(tmp_path / "features", picture(tmp_path), output=tmp_path / "large")
    assert Image.open(tmp_path / "large" / "small.png").size == (28, 20)


def picture(folder):
    """A folder with a picture of 7×5."""
    (folder / "small").mkdir()
    Image.new("RGB", (7, 5), (200, 30, 90)).save(folder / "small" / "small.png")
    return folder / "small"


def test_the_maps_of_vgg19_have_the_published_weights():
    weights = [0.1, 0.1, 1, 1, 1]
    extractor = {"part": "vgg19", "weights": "none", "width": 2}
    distance = FeatureL1(image=(3, 16, 16), extractor=extractor, weights=weights)
    images = torch.rand(2, 3, 3, 16, 16) * 2 - 1
    apart = [(x - y).abs().mean((1, 2, 3)) for x, y in zip(*map(distance.network.maps, images), strict=True)]
    expected = sum(w * d for w, d in zip(weights, apart, strict=True))
    torch.testing.assert_close(distance(*images), expected)
    assert min(float(maps.min()) for maps in distance.network.maps(images[0])) < 0
