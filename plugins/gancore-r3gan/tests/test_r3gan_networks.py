import math

import pytest
import torch
from gancore_r3gan import (
    FFHQ64,
    IMAGENET64,
    LABELS,
    R3GAN,
    LabeledR3GANDiscriminator,
    R3GANDiscriminator,
    R3GANGenerator,
)

from gancore import build, create
from gancore.errors import FactError, SpecError
from gancore.nn.labels import LabelEmbedding

SMALL = {"widths": (8, 8, 4), "blocks": (1, 1, 1)}


def parameters(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("size", "generator", "discriminator"),
    [(32, 20_732_160, 20_683_776), (64, 22_429_824, 22_381_440), (256, 23_057_952, 23_009_568)],
)
def test_parameters_are_those_of_the_released_presets(size, generator, discriminator):
    image = (3, size, size)
    with torch.device("meta"):
        assert parameters(R3GANGenerator(image=image)) == generator
        assert parameters(R3GANDiscriminator(image=image)) == discriminator


@pytest.mark.parametrize(
    ("size", "width", "classes", "generator", "discriminator"),
    [
        (32, 768, 10, 20_781_952, 21_280_512),
        (32, 1536, 1000, 82_914_304, 86_548_992),
        (64, 1536, 1000, 103_570_432, 107_205_120),
    ],
)
def test_parameters_with_labels(size, width, classes, generator, discriminator):
    maps = size.bit_length() - 2
    shape = {"image": (3, size, size), "widths": (width,) * maps, "cardinalities": (96,) * maps}
    with torch.device("meta"):
        made = parameters(R3GANGenerator(latent_size=128, **shape)) + parameters(LabelEmbedding(classes, 64))
        assert made == generator
        assert parameters(LabeledR3GANDiscriminator(classes=classes, **shape)) == discriminator


def test_weights_start_scaled_and_branches_at_zero():
    generator = R3GANGenerator(image=(3, 16, 16), widths=(64, 64, 64))
    block = generator.stages[0][0]
    gain = math.sqrt(2 / 1.04) * 6**-0.25  # six blocks in all
    assert block.first.weight.std().item() == pytest.approx(gain / 8, rel=0.05)
    assert block.second.weight.std().item() == pytest.approx(gain / math.sqrt(16 * 9), rel=0.05)
    assert not block.third.weight.any() and not block.first_bias.bias.any()


def test_the_first_images_are_products_of_the_bases():
    generator = R3GANGenerator(image=(3, 16, 16), latent_size=4, **SMALL)
    code = torch.randn(2, 4)
    twice = generator(2 * code)
    assert torch.allclose(twice, 2 * generator(code), atol=1e-4)  # linear while the branches are zero


def test_a_label_is_scored_by_its_product_with_the_last_vector():
    judge = LabeledR3GANDiscriminator(image=(3, 16, 16), classes=3, **SMALL)
    image = torch.randn(2, 3, 16, 16)
    vector = judge.end(judge.forward_features(image))
    assert torch.allclose(judge(image, torch.tensor([2, 2])), vector @ judge.label.weight[2], atol=1e-5)


@pytest.mark.parametrize("image", [(1, 28, 28), (3, 16, 48), (4, 20, 12)])
def test_other_sizes_and_colors(image):
    small = {"widths": (8,) * 3, "blocks": (1,) * 3}
    if image == (1, 28, 28):
        made = R3GANGenerator(image=image, **small)(torch.randn(2, 64))
        assert made.shape == (2, *image) and R3GANDiscriminator(image=image, **small)(made).shape == (2,)
    elif image == (3, 16, 48):
        assert R3GANGenerator(image=image, **small)(torch.randn(1, 64)).shape == (1, *image)
    else:
        with pytest.raises(FactError, match="needs 2 widths for images of 20×12, one for each map"):
            R3GANGenerator(image=image, **small)


def test_options_that_do_not_fit():
    with pytest.raises(FactError, match="5 groups do not divide 16 channels"):
        R3GANGenerator(image=(3, 16, 16), widths=(8, 8, 8), cardinalities=(5, 5, 5))
    with pytest.raises(FactError, match="needs 3 blocks for images of 16×16"):
        R3GANDiscriminator(image=(3, 16, 16), blocks=(2, 2))
    with pytest.raises(SpecError, match=r"resampling must be a symmetric filter such as \[1, 2, 1\]"):
        build({"part": "r3gan", "resampling": [1, 2]}, "generator")


def test_the_recipe_follows_its_schedules():
    recipe = R3GAN(image=(3, 16, 16), generator=SMALL, discriminator=SMALL)
    assert [(p.name, p.gamma, p.every) for p in recipe.regularizers] == [("r1", 0.05, 1), ("r2", 0.05, 1)]
    assert recipe.discriminator_optimizer.betas == (0.0, 0.9) and recipe.batch == 512
    for part in (*recipe.regularizers, recipe.average, recipe.augment, recipe.generator_optimizer):
        for scheduled in part.scheduled.values():
            given = scheduled if hasattr(scheduled, "over") else scheduled[1]
            assert given.name == "cosine" and given.over == 20_000_000
    assert recipe.generator_optimizer.factor(20_000_000, 0) == pytest.approx(0.25)
    assert recipe.augment.shares["hue"] == 0.5 and recipe.augment.shares["cutout"] == 1


def test_presets_say_what_was_released():
    found = FFHQ64(image=(3, 64, 64), generator={"widths": [8] * 5}, discriminator={"widths": [8] * 5})
    assert (found.batch, found.regularizers[0].gamma) == (256, 2.0)
    assert found.regularizers[1].scheduled["gamma"].end == pytest.approx(0.2)
    small = {"widths": [8, 8, 8], "cardinalities": [1, 1, 1], "blocks": [1, 1, 1]}
    labeled = LABELS(image=(3, 16, 16), classes=4, generator=small, discriminator=small)
    assert labeled.conditioner.deviation == 0.5 and labeled.sampler.latent == (64,)
    assert labeled.wants == {"image", "label"}
    assert IMAGENET64.options["generator"]["widths"] == [1536] * 5


@pytest.mark.parametrize(
    ("size", "widths", "groups"),
    [
        (28, (128, 64, 32), (4, 2, 1)),
        (32, (256, 128, 64, 32), (8, 4, 2, 1)),
        (64, (256, 256, 128, 64, 32), (8, 8, 4, 2, 1)),
    ],
)
def test_the_small_preset_has_a_stage_for_each_size_of_maps(size, widths, groups):
    recipe = create("r3gan-small", image=(1, size, size), classes=0)
    for network in (recipe.generator, recipe.discriminator):
        assert size >> (len(widths) - 1) in range(4, 8)
        assert (network.widths, network.cardinalities) == (widths, groups)
        assert network.blocks == (1,) * len(widths)
    assert [penalty.gamma for penalty in recipe.regularizers] == [1.0, 1.0]
    widened = create("r3gan-small", {"generator": {"widths": [8, 8, 8, 8]}}, image=(1, 32, 32), classes=0)
    assert widened.generator.widths == (8, 8, 8, 8)
