import math

import pytest
import torch
from gancore_progan import (
    RELEASED,
    FixedProGANDiscriminator,
    FixedProGANGenerator,
    ProGAN,
    ProGANDiscriminator,
    ProGANGenerator,
)
from gancore_progan.layers import SampleStd
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu

from gancore.errors import FactError
from gancore.nn.growing import coarse, doubled, halved
from gancore.nn.pixel_norm import pixel_norm

IMAGE = (3, 16, 16)
WIDTHS = (8, 6, 4)


def parameters(module):
    return sum(p.numel() for p in module.parameters())


def at(network, stage):
    network.stage.fill_(stage)
    return network


def generator(image=IMAGE, **options):
    return ProGANGenerator(**{"image": image, "latent_size": 5, "widths": WIDTHS, **options})


def discriminator(image=IMAGE, **options):
    return ProGANDiscriminator(**{"image": image, "widths": WIDTHS, "group": 2, **options})


def test_parameters_at_1024_are_those_of_the_paper():
    image = (3, 1024, 1024)
    with torch.device("meta"):
        made, read = ProGANGenerator(image=image), ProGANDiscriminator(image=image)
        assert (parameters(made), parameters(read)) == (23_079_115, 23_087_249)
        assert parameters(ProGANGenerator(image=image, bias_per_position=True)) == 23_079_115 + 15 * 512
    assert [block.conv.weight.shape[0] for block in made.blocks] == [512, 512, 512, 256, 128, 64, 32, 16]


def test_whole_networks_are_those_of_a_fixed_size():
    made, read = generator(), discriminator()
    fixed = FixedProGANGenerator(image=IMAGE, latent_size=5, widths=WIDTHS)
    judge = FixedProGANDiscriminator(image=IMAGE, widths=WIDTHS, group=2)
    for growing, plain, given in ((made, fixed, torch.randn(2, 5)), (read, judge, torch.rand(2, *IMAGE))):
        plain.load_state_dict({name: growing.state_dict()[name] for name in plain.state_dict()})
        assert torch.equal(growing.eval()(given), plain.eval()(given))


def test_the_generator_is_that_of_table_2():
    made, code = generator(image=(3, 8, 8), widths=(8, 6)).double(), torch.randn(2, 5).double()

    def conv(layer, x, gain=2.0):
        scale = math.sqrt(gain / layer.weight[0].numel())
        return conv2d(x, layer.weight * scale, layer.bias, padding=layer.weight.shape[-1] // 2)

    start = (pixel_norm(code) @ made.start.weight.T * math.sqrt(2 / (5 * 16))).view(2, 8, 4, 4)
    x = pixel_norm(leaky_relu(start + made.start.bias, 0.2))
    x = pixel_norm(leaky_relu(conv(made.conv, x), 0.2))
    block = made.blocks[0]
    x = pixel_norm(leaky_relu(conv(block.up, interpolate(x, scale_factor=2)), 0.2))
    x = pixel_norm(leaky_relu(conv(block.conv, x), 0.2))
    assert torch.allclose(made(code), conv(made.to_image, x, 1.0), atol=1e-10)
    assert torch.allclose(made(3 * code), made(code), atol=1e-6)  # latents on the hypersphere


def test_a_tanh_follows_the_blend():
    made, bounded, code = generator(), generator(output="tanh"), torch.randn(2, 5)
    bounded.load_state_dict(made.state_dict())
    assert torch.equal(at(bounded, 1.5)(code), at(made, 1.5)(code).tanh())


@pytest.mark.parametrize("image", [IMAGE, (1, 12, 20), (4, 24, 16)])
def test_every_stage_gives_and_reads_images_of_the_full_size(image):
    widths = WIDTHS[: 2 if image[1] == 12 else 3]
    made, read = generator(image, widths=widths), discriminator(image, widths=widths)
    for stage in (0, 0.5, made.doublings):
        images = at(made, stage)(torch.randn(2, 5))
        assert images.shape == (2, *image) and images.isfinite().all()
        assert torch.allclose(coarse(images, made.doublings, math.ceil(stage)), images, atol=1e-6)
        assert at(read, stage)(images).shape == (2,)


def test_fading_mixes_the_images_of_two_sizes():
    made, code = generator(), torch.randn(2, 5)
    x = made.smallest(code)
    larger = made.to_smaller[1](made.blocks[0](x))
    mixed = 0.7 * doubled(made.to_smaller[0](x), 1) + 0.3 * larger
    assert torch.allclose(at(made, 0.3)(code), doubled(mixed, 1), atol=1e-5)


def test_fading_mixes_the_maps_of_two_sizes():
    read, images = discriminator().double(), torch.rand(2, *IMAGE).double()
    half = halved(images, 1)
    larger = read.blocks[1](read.from_colors(half, 1))
    smaller = read.from_colors(avg_pool2d(half, 2), 0)
    assert torch.allclose(
        at(read, 0.3).forward_features(images), read.summary(0.7 * smaller + 0.3 * larger), atol=1e-6
    )


@pytest.mark.parametrize(("n", "sizes"), [(1, [1]), (2, [2]), (4, [4]), (6, [6]), (8, [4, 4])])
def test_deviations_of_a_sample(n, sizes):
    x = torch.randn(n, 3, 2, 2).double()
    expected = [
        torch.zeros(1) if size == 1 else (rows.var(0) + 1e-8).sqrt().mean().reshape(1)
        for size, rows in zip(sizes, torch.split(x, sizes), strict=True)
    ]
    found = SampleStd(4)(x)[:, 3, 0, 0]
    wanted = torch.cat([value.double().expand(size) for value, size in zip(expected, sizes, strict=True)])
    assert torch.allclose(found, wanted)


def test_widths_and_sizes_that_do_not_fit():
    with pytest.raises(FactError, match="needs 3 widths for images of 16×16, one for each map"):
        generator(widths=(8, 8))
    with pytest.raises(FactError, match=r"progan cannot have images of 36×36"):
        discriminator((3, 36, 36))


def test_published_settings():
    narrow = {"widths": [4] * 9}
    recipe = ProGAN(image=(3, 1024, 1024), generator=narrow, discriminator=narrow)
    assert recipe.stage == 0 and [recipe.batch_at(level) for level in range(4, 9)] == [16, 16, 14, 6, 3]
    assert [recipe.planned(n, 10**9) for n in (0, 800_000, 1_200_000, 12_800_000)] == [0, 0, 0.5, 8]
    assert [penalty.name for penalty in recipe.regularizers] == ["gradient-penalty", "output-drift"]
    assert recipe.average.decay(images=1, batch=16) == pytest.approx(0.999)
    assert (recipe.sampler.name, recipe.loss.name) == ("sphere", "wasserstein")
    released = RELEASED(image=(3, 1024, 1024), generator=narrow, discriminator=narrow)
    assert [released.batch_at(level) for level in range(6)] == [512, 256, 128, 64, 32, 32]
    assert released.planned(900_000, 10**9) == 0.5 and dict(released.rates)[1024 // 2] == 3.0
