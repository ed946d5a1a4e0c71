import pytest
import torch
from gancore_dcgan import DCGANDiscriminator, DCGANGenerator, PlainDCGANDiscriminator, PlainDCGANGenerator
from torch import nn

from gancore import build, spec
from gancore.errors import FactError, SpecError

GENERATORS, DISCRIMINATORS = (
    (DCGANGenerator, PlainDCGANGenerator),
    (DCGANDiscriminator, PlainDCGANDiscriminator),
)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def convolutions(module):
    return [layer for layer in module.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]


def widths(module):
    return [tuple(layer.weight.shape[:2]) for layer in convolutions(module)]


def test_parameters_are_those_of_the_pytorch_example():
    generator, discriminator = DCGANGenerator(image=(3, 64, 64)), DCGANDiscriminator(image=(3, 64, 64))
    assert parameters(generator) == 3_576_704
    assert parameters(discriminator) == 2_765_568
    assert [tuple(layer.weight.shape[:2]) for layer in convolutions(generator)] == [
        (100, 512),
        (512, 256),
        (256, 128),
        (128, 64),
        (64, 3),
    ]
    assert [tuple(layer.weight.shape[:2]) for layer in convolutions(discriminator)] == [
        (64, 3),
        (128, 64),
        (256, 128),
        (512, 256),
        (1, 512),
    ]


def test_batch_normalization_follows_all_layers_but_the_output_of_one_and_the_input_of_the_other():
    generator, discriminator = DCGANGenerator(image=(3, 64, 64)), DCGANDiscriminator(image=(3, 64, 64))
    assert [m.num_features for m in generator.modules() if isinstance(m, nn.BatchNorm2d)] == [
        512,
        256,
        128,
        64,
    ]
    assert [m.num_features for m in discriminator.modules() if isinstance(m, nn.BatchNorm2d)] == [
        128,
        256,
        512,
    ]
    assert isinstance(generator.layers[-1], nn.Tanh)
    assert isinstance(generator.layers[-2], nn.ConvTranspose2d)
    assert {m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}
    assert all(layer.bias is None for layer in [*convolutions(generator), *convolutions(discriminator)])


def test_weights_start_as_published():
    for part in (DCGANGenerator(image=(3, 64, 64)), DCGANDiscriminator(image=(3, 64, 64))):
        for layer in part.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                assert layer.weight.mean().item() == pytest.approx(0, abs=2e-3)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
            if isinstance(layer, nn.BatchNorm2d):
                assert layer.weight.mean().item() == pytest.approx(1, abs=0.01)
                assert layer.weight.std().item() == pytest.approx(0.02, rel=0.3)
                assert not layer.bias.any()


@pytest.mark.parametrize("image", [(1, 16, 16), (3, 32, 32), (4, 64, 16), (2, 16, 32), (3, 128, 128)])
@pytest.mark.parametrize("place", [0, 1])
def test_every_power_of_two_from_16_up_and_any_channels(image, place):
    generator, discriminator = (
        GENERATORS[place](image=image, width=2, latent_size=5),
        DISCRIMINATORS[place](image=image, width=2),
    )
    made = generator(torch.randn(3, 5))
    assert made.shape == (3, *image)
    assert made.abs().max() <= 1
    features = discriminator.forward_features(made)
    assert min(features.shape[2:]) == 4
    assert discriminator(made).shape == (3,)
    assert max(layer.out_channels for layer in convolutions(generator)) <= 16


@pytest.mark.parametrize("image", [(3, 24, 32), (3, 8, 8), (1, 28, 28)])
def test_other_sizes_are_refused_in_words(image):
    for cls in (DCGANGenerator, PlainDCGANDiscriminator):
        with pytest.raises(
            FactError,
            match="needs sides that are powers of two and at least 16; "
            f"got {image[1]}×{image[2]}: resize the images",
        ):
            cls(image=image)


def test_without_normalization_variances_are_kept():
    generator = PlainDCGANGenerator(image=(3, 64, 64), width=16)
    with torch.no_grad():
        hidden = torch.randn(64, 100, 1, 1)
        for layer in generator.layers[:-1]:
            hidden = layer(hidden)
    assert 0.5 < hidden.square().mean() < 4
    discriminator = PlainDCGANDiscriminator(image=(3, 64, 64), width=16)
    scores = discriminator(torch.randn(64, 3, 64, 64))
    assert 0.3 < scores.square().mean() < 6


def test_tags_say_which_sample_depends_on_others():
    image = torch.randn(4, 3, 16, 16)
    for cls in DISCRIMINATORS:
        part = cls(image=(3, 16, 16), width=4).train()
        alone = torch.allclose(part(image)[:1], part(image[:1]), atol=1e-5)
        assert alone == ("batch" not in cls.tags)
    for cls in GENERATORS:
        part = cls(image=(3, 16, 16), width=4).train()
        code = torch.randn(4, 100)
        alone = torch.allclose(part(code)[:1], part(code[:1]), atol=1e-5)
        assert alone == ("batch" not in cls.tags)
    assert "piecewise-linear" in PlainDCGANDiscriminator.tags
    assert "piecewise-linear" not in DCGANDiscriminator.tags


def test_a_sample_in_eval_mode_does_not_depend_on_the_others():
    generator = DCGANGenerator(image=(3, 16, 16), width=4)
    code = torch.randn(8, 100)
    generator(code)
    generator.eval()
    assert torch.allclose(generator(code)[2:3], generator(code[2:3]), atol=1e-6)


@pytest.mark.parametrize("cls", [*GENERATORS, *DISCRIMINATORS])
def test_results_are_float32_under_bf16_and_float64_in_float64(cls):
    part = cls(image=(3, 16, 16), width=4)
    given = torch.randn(2, 100) if cls in GENERATORS else torch.randn(2, 3, 16, 16)
    with torch.autocast("cpu", torch.bfloat16):
        assert part(given).dtype == torch.float32
    assert part.double()(given.double()).dtype == torch.float64


@pytest.mark.parametrize("cls", [*GENERATORS, *DISCRIMINATORS])
def test_specs_round_trip(cls):
    part = cls(width=3)
    assert spec(build(spec(part), part.kind)) == spec(part)
    with pytest.raises(SpecError, match="width must be a whole number, at least 1"):
        build({**spec(part), "width": 0}, part.kind)
