import pytest
import torch
from gancore_pix2pix import PRESETS, Pix2Pix
from torch.nn.functional import softplus

from gancore import create, spec, train
from gancore.data import Paired, open_data
from gancore.errors import FitError
from gancore.nn.dropout import Dropout
from gancore.standard import BatchPatchGAN, InstanceUNet, UNet

RGB = (3, 16, 16)
SMALL = {
    "generator": {"part": "unet", "width": 2, "dropout": 0.0},
    "discriminator": {"part": "patchgan-batch", "width": 2, "layers": 1},
}


def built(**options):
    return Pix2Pix(image=RGB, source=(1, 16, 16), **(SMALL | options))


def batch(recipe, n=3):
    rng = torch.Generator().manual_seed(0)
    rows = {
        "source": torch.rand(n, 1, 16, 16, generator=rng) * 2 - 1,
        "target": torch.rand(n, *RGB, generator=rng) * 2 - 1,
    }
    real = recipe.pairs(rows)
    return real, recipe.latent_batch(None, n, real)


def test_published_settings_are_the_defaults():
    recipe = Pix2Pix()
    assert (recipe.adversarial, recipe.pixel_weight, recipe.batch_size) == (1, 100, 1)
    assert recipe.pixel.name == "l1" and recipe.reads_source and recipe.average.name == "no-average"
    assert isinstance(recipe.generator, UNet) and isinstance(recipe.discriminator, BatchPatchGAN)
    assert recipe.generator.dropout == 0.5 and recipe.generator.noise and recipe.generator.own_statistics
    assert (recipe.discriminator.width, recipe.discriminator.layers) == (64, 3)
    assert recipe.length(400) == 80_000 and recipe.wants == {"source", "target"}
    for optimizer in (recipe.generator_optimizer, recipe.discriminator_optimizer):
        assert (optimizer.lr, optimizer.betas) == (2e-4, (0.5, 0.999))
        factors = [optimizer.factor(images, 200) for images in (0, 100, 150, 200)]
        assert factors == pytest.approx([1, 1, 0.5, 0])


def test_the_players_minimize_equation_4_and_half_of_equation_1():
    recipe = built()
    real, latents = batch(recipe)
    made = recipe.generator(real.source)
    judge = recipe.discriminator
    of_made, of_target = (judge(torch.cat([real.source, image], 1)) for image in (made, real.image))
    terms = recipe.generator_terms(latents, real)
    assert terms["adversarial"].item() == pytest.approx(softplus(-of_made).mean().item(), rel=1e-4)
    assert terms["pixel"].item() == pytest.approx(100 * (made - real.image).abs().mean().item(), rel=1e-4)
    half = (softplus(-of_target).mean() + softplus(of_made).mean()) / 2
    assert recipe.discriminator_terms(real, latents)["adversarial"].item() == pytest.approx(
        half.item(), rel=1e-4
    )


def test_the_ablations_are_options():
    real, latents = batch(alone := built(pixel_weight=0))
    assert set(alone.generator_terms(latents, real)) == {"adversarial", "made"}
    blind = built(reads_source=False)
    assert blind.discriminator.image == RGB and built().discriminator.image == (4, 16, 16)
    pixels = built(discriminator={"part": "pixelgan-batch", "width": 2})
    assert pixels.discriminator(torch.randn(2, 4, 16, 16)).shape == (2, 1, 16, 16)


def test_a_translation_is_drawn_anew_for_each_seed_unless_noise_is_off():
    source, options = torch.randn(1, 3, 64, 64), {"image": (3, 64, 64), "source": (3, 64, 64)}
    networks = {"generator": {"width": 2}, "discriminator": {"width": 2}}
    noisy = create("pix2pix", networks, **options).pipelines()["image"]
    first, again, other = (noisy.render(source, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    quiet = create("pix2pix", {**networks, "generator.noise": False}, **options).pipelines()["image"]
    assert torch.equal(quiet.render(source, seed=0), quiet.render(source, seed=1))


def test_presets_name_sizes():
    medium = create("pix2pix-128", {"generator.width": 2}, image=(3, 128, 128), source=(3, 128, 128))
    drops = [up for up in medium.generator.up if any(isinstance(m, Dropout) for m in up)]
    assert medium.generator.depth == 7 and len(drops) == 2 and medium.generator.noise
    for side in (32, 64):
        small = create("pix2pix-small", image=(3, side, side), source=(3, side, side))
        assert small.discriminator.patch == 34 and not small.generator.noise and small.batch == 8
        assert small.length(1528) == 13 * 1528
        assert small.discriminator_optimizer.betas == (0.5, 0.999) and small.loss.discriminator_weight == 0.5
    assert {preset.name for preset in PRESETS} == {"pix2pix-128", "pix2pix-small"}


def test_spec_and_preset_agree_on_the_base():
    recipe = create("pix2pix-small", image=RGB, source=RGB)
    assert spec(recipe)["part"] == "gancore-pix2pix:pix2pix"


def test_it_learns_a_few_pairs(tmp_path):
    pairs = Paired(open_data("emoji", size=16, channels=1), open_data("emoji", size=16)).split(8)[1]
    changes = {
        "generator": {"part": "unet-instance", "width": 4, "dropout": 0.0},
        "generator_optimizer": {"part": "adam", "lr": 0.01},
        "batch": 8,
    }
    recipe = Pix2Pix(**(SMALL | changes))
    source, target = (pairs.rows(range(8))[name] for name in ("source", "target"))

    def apart():
        return (recipe.generator(source) - target).abs().mean().item()

    recipe.bind(facts={"image": RGB, "source": (1, 16, 16)}, by="the data")
    before = apart()
    train(recipe, pairs, images=160, evaluate_every=0, output=tmp_path / "run")
    assert isinstance(recipe.generator, InstanceUNet) and apart() < 0.8 * before


def test_what_does_not_fit_is_refused_in_words():
    with pytest.raises(
        FitError, match="the source is 8×8 and the image 16×16; open both domains at one size"
    ):
        Pix2Pix(image=RGB, source=(3, 8, 8), **SMALL)
    with pytest.raises(FitError, match="sides that are even"):
        Pix2Pix(image=(3, 15, 15), source=(3, 15, 15), **SMALL)
    with pytest.raises(FitError, match="patchgan-batch with 3 layers needs images of at least 24 pixels"):
        Pix2Pix(image=RGB, source=RGB, generator=SMALL["generator"])
