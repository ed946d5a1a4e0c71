import math

import pytest
from gancore_stylegan import (
    AutoAverage,
    AutoR1,
    AutoStyleGAN2,
    CIFARStyleGAN2,
    Paper256,
    Paper512,
    Paper1024,
    StyleGAN2,
)

from gancore.component.specs import build, spec
from gancore.errors import FactError
from gancore.testing import contracts


@contracts(AutoStyleGAN2, AutoR1, AutoAverage, Paper256, Paper512, Paper1024, CIFARStyleGAN2)
def test_contract(check):
    check()


PUBLISHED = {
    # batch, group, channels_base, learning rate, γ, half-life, ramp-up, mapping layers
    Paper256: (64, 8, 16384, 0.0025, 1.0, 20_000, math.inf, 8),
    Paper512: (64, 8, 32768, 0.0025, 0.5, 20_000, math.inf, 8),
    Paper1024: (32, 4, 32768, 0.002, 2.0, 10_000, math.inf, 8),
    CIFARStyleGAN2: (64, 32, 32768, 0.0025, 0.01, 500_000, 0.05, 2),
}
AUTO = {
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
    assert isinstance(recipe, CIFARStyleGAN2) or (other.lr, other.betas, other.eps) == (
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


@pytest.mark.parametrize("cls", PUBLISHED)
def test_the_released_configurations(cls):
    assert constants(cls()) == PUBLISHED[cls]


def test_cifar_leaves_out_what_small_images_do_not_need():
    recipe = CIFARStyleGAN2()
    assert (len(recipe.generator_regularizers), recipe.conditioner.mixing) == (0, 0.0)
    assert recipe.discriminator.qualified_name == "discriminator/stylegan2-plain"
    # as if there were a penalty in every 4th step
    assert recipe.generator_optimizer.lr == pytest.approx(0.002) and recipe.generator_optimizer.betas[
        1
    ] == pytest.approx(0.99199, abs=1e-5)
    assert [(penalty.name, penalty.weight) for penalty in Paper256().generator_regularizers] == [
        ("path-length", 2.0)
    ]


def auto(image, **changes):
    """With so few feature maps that large images cost little."""
    recipe = AutoStyleGAN2(
        generator={"channels_max": 2, "code_width": 2}, discriminator={"channels_max": 2}, **changes
    )
    recipe.bind(facts={"image": image, "classes": 0}, by="the data")
    return recipe


@pytest.mark.parametrize("image", AUTO)
def test_auto_follows_the_size(image):
    assert constants(auto(image)) == AUTO[image]


def test_auto_follows_its_own_batch():
    recipe = auto((3, 32, 32), batch=8)
    assert (recipe.batch_size, recipe.regularizers[0].gamma, recipe.average.half_life) == (
        8,
        pytest.approx(0.0256),
        2500,
    )


def test_what_auto_derives_is_left_out_of_a_spec_and_trains_at_another_size():
    table = spec(auto((3, 32, 32)))
    assert "gamma" not in table["regularizers"][0] and "half_life" not in table["average"]
    again = build(table)
    again.bind(facts={"image": (3, 64, 64), "classes": 0}, by="the data")
    assert again.regularizers[0].gamma == pytest.approx(0.0256)


@pytest.mark.parametrize("change", [{"regularizers": ["r1-auto"]}, {"average": "exponential-auto"}])
def test_a_recipe_that_derives_nothing_refuses_parts_that_wait_for_it(change):
    recipe = StyleGAN2(
        generator={"channels_max": 2, "code_width": 2}, discriminator={"channels_max": 2}, **change
    )
    recipe.bind(facts={"image": (3, 16, 16), "classes": 0}, by="the data")
    with pytest.raises(
        FactError,
        match=r"-auto waits for \w+, and recipe/stylegan2 does not tell; "
        r".* take (discriminator-regularizer/r1|average/exp)",
    ):
        recipe.require()


def test_a_value_of_ones_own_beside_the_derived_one_is_refused_by_name():
    with pytest.raises(
        FactError,
        match=r"discriminator-regularizer/r1-auto: gamma is 5 by discriminator-regularizer/r1-auto itself, "
        r"but 0.0064 by recipe/stylegan2-auto",
    ):
        auto((3, 32, 32), regularizers=[AutoR1(gamma=5)])
    assert auto((3, 32, 32), regularizers=["r1"]).regularizers[0].gamma == 10
