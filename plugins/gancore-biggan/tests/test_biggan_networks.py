import math

import pytest
import torch
from gancore_biggan import (
    CIFAR,
    DEEP,
    BigGAN,
    BigGANDiscriminator,
    BigGANGenerator,
    DeepBigGANDiscriminator,
    DeepBigGANGenerator,
    TableBigGANGenerator,
)

from gancore import create
from gancore.errors import CheckpointError, FactError, FitError
from gancore.nn.attention import SelfAttention
from gancore.nn.spectral_norm import Spectral
from gancore.published import Network, import_discriminator
from gancore.standard.conditioners import Embedding

SMALL = {"image": (3, 16, 16), "latent_size": 7, "embedding_size": 3, "widths": (4, 4, 4), "attention": (8,)}
JUDGE = {"image": (3, 16, 16), "classes": 3, "widths": (4, 8), "halvings": 1}


def parameters(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.mark.slow
def test_parameters_of_biggan_at_128():
    with torch.device("meta"):
        made = BigGANGenerator(image=(3, 128, 128))
        shared = Embedding(code=made.code_shape, classes=1000, size=128)
        judge = BigGANDiscriminator(image=(3, 128, 128), classes=1000)
    assert parameters(made, shared) == 70_433_988
    assert parameters(judge) == 87_982_370


@pytest.mark.slow
def test_parameters_of_biggan_deep_at_128():
    made = DeepBigGANGenerator(image=(3, 128, 128))
    shared = Embedding(code=made.code_shape, classes=1000, size=128)
    judge = DeepBigGANDiscriminator(image=(3, 128, 128), classes=1000)
    assert parameters(made, shared) == 31_436_196
    assert parameters(judge) == 19_846_274


def test_parameters_for_cifar():
    with torch.device("meta"):
        recipe = CIFAR(image=(3, 32, 32), classes=10)
    assert parameters(recipe.generator) == 4_304_387
    assert parameters(recipe.discriminator) == 4_207_361


@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("make", [BigGANGenerator, DeepBigGANGenerator])
def test_every_size_makes_images(make, size):
    made = make(image=(3, size, size), width=4, latent_size=14, embedding_size=2).eval()
    assert made(torch.randn(2, *made.code_shape)).shape == (2, 3, size, size)


@pytest.mark.parametrize("make", [BigGANDiscriminator, DeepBigGANDiscriminator])
@pytest.mark.parametrize("size", [32, 64, 256])
def test_every_size_is_scored(make, size):
    judge = make(image=(3, size, size), classes=3, width=4)
    assert judge(torch.randn(2, 3, size, size), torch.tensor([0, 2])).shape == (2,)


def test_attention_stands_at_the_sizes_asked_for():
    made = BigGANGenerator(image=(3, 128, 128), width=4, attention=(16, 64))
    places = [any(isinstance(m, SelfAttention) for m in stage) for stage in made.stages]
    assert places == [False, True, False, True, False]
    judge = DeepBigGANDiscriminator(image=(3, 128, 128), classes=2, width=4)
    assert [any(isinstance(m, SelfAttention) for m in stage) for stage in judge.stages] == [True] + [
        False
    ] * 4
    with pytest.raises(FactError, match="maps with a shorter side of 8, 16, so attention cannot be at 4"):
        BigGANGenerator(**{**SMALL, "attention": (4,)})


def test_each_block_reads_its_chunk_of_the_latent():
    made = BigGANGenerator(**SMALL).eval()
    assert (made.chunk, made.code_shape) == (2, (9,))  # 7 is shortened to three chunks of 2
    seen = []
    for stage in made.stages:
        stage[0].norm1.gain.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    code = torch.arange(9.0)[None]
    made(code)
    assert [x.tolist() for x in seen] == [[[6, 7, 8, 2, 3]], [[6, 7, 8, 4, 5]]]


def test_without_hierarchy_blocks_read_the_embedding_alone():
    made = BigGANGenerator(**SMALL, hierarchical=False)
    assert made.code_shape == (10,)
    assert made.stages[0][0].norm1.gain.in_features == 3


def test_weights_are_orthogonal_and_normalized():
    for made in (BigGANGenerator(**SMALL), BigGANDiscriminator(**JUDGE)):
        layers = [m for m in made.modules() if isinstance(m, Spectral)]
        for layer in layers:
            matrix = layer.weight.flatten(1)
            small = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
            assert torch.allclose(small, torch.eye(len(small)), atol=1e-5)
            assert layer.sigma().item() == pytest.approx(1, abs=1e-4)


def test_standing_statistics_replace_the_running_ones():
    made = BigGANGenerator(**SMALL).eval()
    before = made.norm.running_mean.clone()
    made.prepare(lambda: made(torch.randn(8, 9)))
    assert not torch.equal(made.norm.running_mean, before) and not made.norm.training


def test_classes_of_tables_begin_equal():
    made = TableBigGANGenerator(image=(3, 16, 16), classes=3, latent_size=4, width=1).eval()
    code = torch.cat([torch.randn(1, 4).expand(3, 4), torch.eye(3)], dim=1)
    images = made(code)
    assert torch.allclose(images[0], images[1])
    torch.nn.init.normal_(made.stages[0][0].norm1.gain.weight)
    assert not torch.allclose(*made(code)[:2])


def test_what_does_not_fit_is_said():
    with pytest.raises(FactError, match="into 3 chunks; got a latent of 2"):
        BigGANGenerator(**{**SMALL, "latent_size": 2})
    with pytest.raises(FactError, match="needs 3 widths for images of 16×16"):
        DeepBigGANGenerator(image=(3, 16, 16), widths=(4, 4))
    with pytest.raises(FactError, match="resize the images"):
        BigGANGenerator(image=(3, 36, 36))
    with pytest.raises(FactError, match="the data have no labels"):
        TableBigGANGenerator(image=(3, 16, 16), classes=0)
    with pytest.raises(FactError, match="none smaller than the one before"):
        DeepBigGANDiscriminator(**{**JUDGE, "widths": (8, 4)})
    with pytest.raises(FactError, match="halves images 5 times"):
        BigGANDiscriminator(**{**JUDGE, "halvings": 5})
    with pytest.raises(FitError, match="reads labels, but got none"):
        BigGANDiscriminator(**JUDGE)(torch.randn(2, 3, 16, 16))


def test_a_discriminator_that_is_narrow_inside_its_blocks_is_refused_in_words():
    shapes = {"conv1": (3, 3, 3, 3), "conv2": (8, 3, 3, 3)}
    state = {f"blocks.0.0.{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}
    state |= {"embed.weight": torch.zeros(4, 8), "linear.weight": torch.zeros(1, 8)}
    with pytest.raises(CheckpointError, match="as many channels as before it, as with D_wide off"):
        import_discriminator(Network("", (), {}, state))


def test_the_recipe_is_that_of_the_paper():
    recipe = BigGAN(image=(3, 128, 128), classes=10, generator={"width": 2}, discriminator={"width": 2})
    assert recipe.sampler.latent == (120,) and recipe.conditioner.size == 128
    rates = [recipe.generator_optimizer, recipe.discriminator_optimizer]
    assert [(a.lr, a.betas, a.eps) for a in rates] == [(5e-5, (0, 0.999), 1e-6), (2e-4, (0, 0.999), 1e-6)]
    assert (recipe.batch, recipe.discriminator_steps, recipe.loss.name) == (2048, 2, "hinge")
    assert [r.qualified_name for r in recipe.generator_regularizers] == ["generator-regularizer/orthogonal"]


def test_the_average_begins_at_step_20_000():
    half_life = BigGAN(image=(3, 16, 16), classes=2).average.scheduled["half_life"]
    step = 2 * 2048
    assert half_life(20_000 * step - 1, 0) == 0
    assert 0.5 ** (step / half_life(20_000 * step, 0)) == pytest.approx(0.9999, abs=1e-8)


def test_presets():
    narrow = {"generator": {"width": 2}, "discriminator": {"width": 2}}
    deep = DEEP(image=(3, 32, 32), classes=10, **narrow)
    cifar = CIFAR(image=(3, 32, 32), classes=10, **narrow)
    assert deep.sampler.latent == (128,) and deep.generator.name == deep.discriminator.name == "biggan-deep"
    assert (cifar.batch, cifar.discriminator_steps, cifar.generator_optimizer.lr) == (50, 4, 2e-4)
    half_life = cifar.average.scheduled["half_life"]
    assert 0.5 ** (200 / half_life(200_000, 0)) == pytest.approx(0.9999, abs=1e-8)
    assert math.isinf(cifar.average.ramp_up) and not cifar.generator_regularizers
    with pytest.raises(FactError, match="the data have no labels"):
        BigGAN(image=(3, 16, 16), classes=0)


def test_an_embedding_of_another_size_is_refused_with_both_ways_out():
    generator = {"part": "biggan", "latent_size": 8, "embedding_size": 3, "widths": [4, 4, 4]}
    conditioner = {"part": "embedding", "size": 5}
    words = "embeddings of size 5.*last 3 numbers.*set the conditioner's size=3.*embedding_size=5"
    options = {"generator": generator, "conditioner": conditioner, "discriminator": {"widths": [4, 4, 4, 4]}}
    with pytest.raises(FitError, match=words):
        create("recipe/biggan", options, image=(3, 16, 16), classes=3)
