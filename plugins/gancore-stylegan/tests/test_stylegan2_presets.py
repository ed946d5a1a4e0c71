import math

import pytest
import torch
from gancore_stylegan import ADA_PRESETS, AUTO, CIFAR, PAPER256, PAPER512, PAPER1024, StyleGAN2

from gancore.component.specs import build, from_toml, spec, to_toml
from gancore.standard.regularizers import R1
from gancore.testing.stage import drive, start

SMALL = {
    **StyleGAN2.examples[0],
    "augment": {"part": "ada", "categories": "bgcfnc", "target": -0.9, "speed": 20.0, "interval": 1},
}


def small(preset):
    """Small networks; R1 is that of the preset."""
    table = {key: value for key, value in SMALL.items() if key != "regularizers"}
    recipe = build({"part": f"gancore-stylegan:{preset.name}", **table})
    recipe.bind(facts={"image": (3, 16, 16), "classes": 0}, by="the data")
    return recipe


@pytest.mark.parametrize("preset", ADA_PRESETS, ids=lambda preset: preset.name)
def test_a_preset_trains_and_its_saved_spec_to_the_same_bits(preset):
    recipes = [small(preset)]
    recipes.append(build(from_toml(to_toml(spec(recipes[0])))))
    assert {type(recipe) for recipe in recipes} == {StyleGAN2}
    recipes[1].bind(facts={"image": (3, 16, 16), "classes": 0}, by="the data")
    for recipe in recipes:
        drive(start(recipe, seed=4), 2)
    one, other = (recipe.state_dict() for recipe in recipes)
    assert all(value.isfinite().all() for value in one.values())
    assert all(torch.equal(value, other[name]) for name, value in one.items())


PUBLISHED = {
    # batch, group, channels_base, learning rate, γ, half-life, ramp-up, mapping layers
    PAPER256: (64, 8, 16384, 0.0025, 1.0, 20_000, math.inf, 8),
    PAPER512: (64, 8, 32768, 0.0025, 0.5, 20_000, math.inf, 8),
    PAPER1024: (32, 4, 32768, 0.002, 2.0, 10_000, math.inf, 8),
    CIFAR: (64, 32, 32768, 0.0025, 0.01, 500_000, 0.05, 2),
}
AUTO_BY_SIZE = {
    (3, 32, 32): (32, 4, 16384, 0.0025, 0.0064, 10_000, 0.05, 2),
    (1, 48, 128): (32, 4, 16384, 0.0025, 0.0384, 10_000, 0.05, 2),
    (3, 256, 256): (16, 4, 16384, 0.0025, 0.8192, 5_000, 0.05, 2),
    (3, 1024, 1024): (4, 4, 16384, 0.0025, 52.4288, 1_250, 0.05, 2),
}


def constants(recipe):
    (r1,) = recipe.regularizers
    discriminator, average = recipe.discriminator, recipe.average
    assert discriminator.channels_base == recipe.generator.channels_base and r1.every == 16
    one, other = recipe.discriminator_optimizer, recipe.generator_optimizer
    assert (one.betas, one.eps) == ((0.0, 0.99), 1e-8)
    # a penalty in every 4th step, which the recipe rescales by, or the rescaling alone
    assert not recipe.generator_regularizers or (other.lr, other.betas, other.eps) == (
        one.lr,
        one.betas,
        one.eps,
    )
    assert (recipe.augment.qualified_name, recipe.augment.target, recipe.augment.categories) == (
        "augment/ada",
        0.6,
        "bgc",
    )
    base, lr = discriminator.channels_base, one.lr
    return (
        recipe.batch_size,
        discriminator.group,
        base,
        lr,
        pytest.approx(r1.gamma),
        average.half_life,
        average.ramp_up,
        recipe.conditioner.layers,
    )


@pytest.mark.parametrize("preset", PUBLISHED, ids=lambda preset: preset.name)
def test_the_released_configurations(preset):
    assert constants(preset()) == PUBLISHED[preset]


def test_cifar_leaves_out_what_small_images_do_not_need():
    recipe = CIFAR()
    assert (len(recipe.generator_regularizers), recipe.conditioner.mixing) == (0, 0.0)
    assert recipe.discriminator.qualified_name == "discriminator/stylegan2-plain"
    # as if there were a penalty in every 4th step
    assert recipe.generator_optimizer.lr == pytest.approx(0.002) and recipe.generator_optimizer.betas[
        1
    ] == pytest.approx(0.99199, abs=1e-5)
    assert [(penalty.name, penalty.weight) for penalty in PAPER256().generator_regularizers] == [
        ("path-length", 2.0)
    ]


def auto(image, **changes):
    """With so few feature maps that large images cost little."""
    recipe = AUTO(
        generator={"channels_max": 2, "code_width": 2}, discriminator={"channels_max": 2}, **changes
    )
    recipe.bind(facts={"image": image, "classes": 0}, by="the data")
    return recipe


@pytest.mark.parametrize("image", AUTO_BY_SIZE)
def test_auto_follows_the_size(image):
    assert constants(auto(image)) == AUTO_BY_SIZE[image]


def test_auto_follows_its_own_batch():
    recipe = auto((3, 32, 32), batch=8)
    assert (recipe.batch_size, recipe.regularizers[0].gamma, recipe.average.half_life) == (
        8,
        pytest.approx(0.0256),
        2500,
    )


def test_what_auto_derives_is_left_out_of_what_is_shown_and_trains_at_another_size():
    table = spec(AUTO(generator={"channels_max": 2, "code_width": 2}, discriminator={"channels_max": 2}))
    assert table["part"] == "gancore-stylegan:stylegan2-auto" and "batch" not in table
    assert "gamma" not in table["regularizers"][0] and "half_life" not in table["average"]
    again = build(table)
    again.bind(facts={"image": (3, 64, 64), "classes": 0}, by="the data")
    assert again.regularizers[0].gamma == pytest.approx(0.0256)


def test_what_was_trained_is_saved_as_a_stylegan2_with_all_options():
    table = spec(auto((3, 32, 32)))
    assert (table["part"], table["batch"]) == ("gancore-stylegan:stylegan2", 32)
    assert table["regularizers"][0]["gamma"] == pytest.approx(0.0064)
    assert table["average"]["half_life"] == 10_000


SAVED_EARLIER = {
    "part": "gancore-stylegan:stylegan2-auto",
    "batch": 0,
    "generator": {"part": "gancore-stylegan:stylegan2", "channels_max": 2, "code_width": 2},
    "discriminator": {"part": "gancore-stylegan:stylegan2", "channels_max": 2},
    "regularizers": [{"part": "gancore-stylegan:r1-auto", "every": 16}],
    "average": {"part": "gancore-stylegan:exponential-auto", "ramp_up": 0.05},
}


@pytest.mark.parametrize(
    ("image", "gamma", "batch"), [((3, 32, 32), 0.0064, 32), ((3, 256, 256), 0.8192, 16)]
)
def test_an_auto_saved_by_an_earlier_version_derives_the_same(image, gamma, batch):
    recipe = build(SAVED_EARLIER)
    recipe.bind(facts={"image": image, "classes": 0}, by="the data")
    assert recipe.regularizers[0].gamma == pytest.approx(gamma)
    assert (recipe.batch_size, recipe.average.half_life) == (batch, 10_000 * batch / 32)


def test_a_value_of_ones_own_goes_before_the_derived_one():
    assert auto((3, 32, 32), regularizers=[R1(gamma=5)]).regularizers[0].gamma == 5
    assert auto((3, 32, 32), regularizers=[{"part": "r1", "gamma": 10.0}]).regularizers[0].gamma == 10
    assert auto((3, 32, 32), average={"half_life": 7.0}).average.half_life == 7
    assert auto((3, 32, 32), average="no-average").average.name == "no-average"
