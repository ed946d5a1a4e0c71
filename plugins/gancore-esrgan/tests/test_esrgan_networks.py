"""The networks beside a few lines of independent arithmetic, and the numbers of their weights."""

import pytest
import torch
from gancore_esrgan import RRDBNet, SRVGGNet, UNetDiscriminator
from gancore_esrgan.rrdb import Block, DenseBlock
from torch import nn
from torch.nn import functional

from gancore.errors import FactError, FitError
from gancore.pipeline import Pipeline
from gancore.pipeline.any_size import translated
from gancore.standard.conditioners import Identity


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def convolved(x, layer):
    return functional.conv2d(x, layer.weight, layer.bias, padding=1)


def lrelu(x, slope=0.2):
    return torch.where(x > 0, x, slope * x)


def repeated(x, times):
    return x.repeat_interleave(times, 2).repeat_interleave(times, 3)


@pytest.mark.parametrize(("scale", "weights"), [(4, 16_697_987), (2, 16_703_171), (1, 16_723_907)])
def test_rrdbnet_has_the_published_number_of_weights(scale, weights):
    with torch.device("meta"):
        assert count(RRDBNet(source=(3, 64, 64), image=(3, 64 * scale, 64 * scale))) == weights


@pytest.mark.parametrize(("convs", "weights"), [(16, 621_424), (32, 1_213_296)])
def test_the_compact_network_has_the_published_number_of_weights(convs, weights):
    with torch.device("meta"):
        assert count(SRVGGNet(source=(3, 64, 64), image=(3, 256, 256), convs=convs)) == weights


def test_the_discriminator_has_the_published_number_of_weights():
    with torch.device("meta"):
        assert count(UNetDiscriminator(image=(3, 256, 256))) == 4_376_897


def test_a_dense_block_reads_all_maps_before_and_adds_a_fifth():
    block = DenseBlock(3, 2).double()
    x = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    maps = [x]
    for layer in block.convs[:4]:
        maps.append(lrelu(convolved(torch.cat(maps, 1), layer)))
    expected = x + 0.2 * convolved(torch.cat(maps, 1), block.convs[4])
    assert torch.allclose(block(x), expected, atol=1e-12)


def test_a_block_is_three_dense_blocks_of_which_a_fifth_is_added():
    block = Block(3, 2).double()
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    first, second, third = block.dense
    assert torch.allclose(block(x), x + 0.2 * third(second(first(x))), atol=1e-12)


def test_rrdbnet_works_in_images_from_0_to_1():
    made = RRDBNet(source=(3, 4, 5), image=(3, 16, 20), width=4, growth=2, blocks=2).double()
    code = torch.rand(2, 3, 4, 5, dtype=torch.float64) * 2 - 1
    x = convolved((code + 1) / 2, made.first)
    x = x + convolved(made.body(x), made.after_body)
    for up in (made.up1, made.up2):
        x = lrelu(convolved(repeated(x, 2), up))
    x = convolved(lrelu(convolved(x, made.high)), made.last)
    assert torch.allclose(made(code), 2 * x - 1, atol=1e-12)


@pytest.mark.parametrize(("scale", "multiple"), [(1, 4), (2, 2)])
def test_at_lower_factors_the_blocks_read_squares_of_pixels_as_channels(scale, multiple):
    made = RRDBNet(source=(2, 8, 8), image=(1, 8 * scale, 8 * scale), width=4, growth=2, blocks=1)
    source = torch.rand(1, 2, 8, 8) * 2 - 1
    squares = source.unfold(2, multiple, multiple).unfold(3, multiple, multiple)  # (N, C, h, w, u, u)
    channels = squares.permute(0, 1, 4, 5, 2, 3).flatten(1, 3)
    plain = RRDBNet(
        source=tuple(channels.shape[1:]), image=(1, 8 * scale, 8 * scale), width=4, growth=2, blocks=1
    )
    plain.load_state_dict(made.state_dict())
    assert (made.size_multiple, plain.size_multiple) == (multiple, 1)
    torch.testing.assert_close(made(source), plain(channels))


@pytest.mark.parametrize(("scale", "border"), [(1, (0, 1, 0, 3)), (2, (0, 1, 0, 1)), (4, (0, 0, 0, 0))])
def test_a_pipeline_repeats_the_border_up_to_a_size_that_is_read(scale, border):
    made = RRDBNet(source=(1, 8, 8), image=(1, 8 * scale, 8 * scale), width=4, growth=2, blocks=1)
    source = torch.rand(1, 1, 5, 7) * 2 - 1
    whole = made(functional.pad(source, border, mode="replicate")).clamp(-1, 1)
    pipeline = Pipeline(conditioner=Identity(code=(1, 8, 8)), generator=made)
    expected = whole[:, :, : 5 * scale, : 7 * scale]
    torch.testing.assert_close(translated(pipeline, source), expected, atol=1e-6, rtol=0)


def test_initial_weights_of_dense_blocks_are_a_tenth_of_he_s():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        block = DenseBlock(32, 16)
    for conv in block.convs:
        expected = 0.1 * (2 / (conv.in_channels * 9)) ** 0.5
        assert abs(float(conv.weight.detach().std()) / expected - 1) < 0.05
        assert not conv.bias.any()


@pytest.mark.parametrize(("activation", "slope"), [("prelu", 0.25), ("relu", 0.0), ("leakyrelu", 0.1)])
def test_the_compact_network_adds_the_repeated_source(activation, slope):
    made = SRVGGNet(source=(3, 4, 5), image=(3, 8, 10), width=4, convs=2, activation=activation).double()
    code = torch.rand(2, 3, 4, 5, dtype=torch.float64) * 2 - 1
    source = (code + 1) / 2
    x = source
    convolutions = [layer for layer in made.body if isinstance(layer, nn.Conv2d)]
    assert len(convolutions) == 4
    for layer in convolutions[:-1]:
        x = lrelu(convolved(x, layer), slope)
    x = convolved(x, convolutions[-1]).reshape(2, 3, 2, 2, 4, 5)  # (N, C, s, s, h, w)
    x = x.permute(0, 1, 4, 2, 5, 3).reshape(2, 3, 8, 10) + repeated(source, 2)
    assert torch.allclose(made(code), 2 * x - 1, atol=1e-12)


def test_the_slopes_of_prelu_are_those_of_channels():
    made = SRVGGNet(source=(1, 4, 4), image=(1, 4, 4), width=3, convs=0)
    assert made.body[1].weight.shape == (3,)
    assert [type(layer).__name__ for layer in made.body] == ["Conv2d", "PReLU", "Conv2d"]


def test_the_discriminator_is_a_u_net_whose_maps_are_added():
    made = UNetDiscriminator(image=(3, 16, 8), width=2).double()
    image = torch.rand(2, 3, 16, 8, dtype=torch.float64) * 2 - 1

    def normalized(x, layer, stride=1):
        sigma = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        return functional.conv2d(x, layer.weight / sigma, stride=stride, padding=1)

    def twice(x):
        return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    for module in made.modules():
        if hasattr(module, "update_buffers") and hasattr(module, "v"):
            module.update_buffers(200)
    x0 = lrelu(convolved((image + 1) / 2, made.first))
    x1 = lrelu(normalized(x0, made.down[0], 2))
    x2 = lrelu(normalized(x1, made.down[1], 2))
    x3 = lrelu(normalized(x2, made.down[2], 2))
    x = lrelu(normalized(twice(x3), made.up[0])) + x2
    x = lrelu(normalized(twice(x), made.up[1])) + x1
    x = lrelu(normalized(twice(x), made.up[2])) + x0
    x = lrelu(normalized(lrelu(normalized(x, made.end[0])), made.end[1]))
    expected = convolved(x, made.head)
    assert expected.shape == (2, 1, 16, 8)
    assert torch.allclose(made(image), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("source", "image"), [((3, 8, 8), (3, 24, 24)), ((3, 8, 8), (3, 16, 32)), ((3, 8, 8), (3, 4, 4))]
)
def test_other_ratios_are_refused_in_words(source, image):
    said = f"one of 1, 2, 4, but the source is 8×8 and the image {image[1]}×{image[2]}"
    with pytest.raises(FitError, match=said):
        RRDBNet(source=source, image=image, width=2, growth=2, blocks=1)


def test_the_compact_network_enlarges_by_any_whole_number_and_keeps_channels():
    assert SRVGGNet(source=(1, 4, 6), image=(1, 12, 18), width=2, convs=0)(torch.zeros(1, 1, 4, 6)).shape == (
        1,
        1,
        12,
        18,
    )
    with pytest.raises(FitError, match="the source is 8×8 and the image 20×20; give sources of"):
        SRVGGNet(source=(3, 8, 8), image=(3, 20, 20), width=2, convs=0)
    with pytest.raises(FitError, match="has 1 channels and the image 3; open both with the same channels"):
        SRVGGNet(source=(1, 8, 8), image=(3, 16, 16), width=2, convs=0)


def test_the_discriminator_refuses_sides_that_it_cannot_halve():
    with pytest.raises(FitError, match="images of 12×16; use sides that are multiples of 8"):
        UNetDiscriminator(image=(3, 12, 16), width=2)


@pytest.mark.parametrize("cls", [RRDBNet, SRVGGNet])
def test_without_a_source_a_translator_waits(cls):
    with pytest.raises(FactError, match="waits for source"):
        _ = cls(image=(3, 16, 16)).code_shape
