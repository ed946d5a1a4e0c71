import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.errors import FactError, FitError
from gancore.nn import BlurPool, BlurUpsample
from gancore.standard.patchgan import AntialiasedPatchGAN, PatchGAN
from gancore.standard.translators import AntialiasedResNet, ResNet
from gancore.standard.translators.resnet import Residual

RGB = (3, 16, 16)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("cls", [ResNet, AntialiasedResNet])
@pytest.mark.parametrize(("blocks", "weights"), [(9, 11_378_179), (6, 7_837_699)])
def test_the_translator_has_the_published_number_of_weights(
    blocks: int, weights: int, cls: type[ResNet]
) -> None:
    with torch.device("meta"):
        assert count(cls(image=(3, 256, 256), source=(3, 256, 256), blocks=blocks)) == weights


@pytest.mark.parametrize("cls", [ResNet, AntialiasedResNet])
@pytest.mark.parametrize(
    ("source", "image"), [((1, 8, 12), (4, 8, 12)), (RGB, RGB), ((3, 20, 8), (1, 20, 8))]
)
def test_any_channels_and_sides_divisible_by_four_are_translated(
    source: tuple[int, int, int], image: tuple[int, int, int], cls: type[ResNet]
) -> None:
    made = cls(source=source, image=image, width=2, blocks=1)
    assert made.code_shape == source
    translated = made(torch.rand(2, *source) * 2 - 1)
    assert translated.shape == (2, *image)
    assert translated.dtype == torch.float32
    assert translated.abs().max() < 1


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(FitError, match="multiples of 4 and at least 8"):
        ResNet(source=(3, 18, 16), image=(3, 18, 16), width=2)
    with pytest.raises(
        FitError, match="the source is 8×8 and the image 16×16; open both domains at one size"
    ):
        ResNet(source=(3, 8, 8), image=RGB, width=2)


def test_without_a_source_the_translator_waits() -> None:
    with pytest.raises(FactError, match="generator/resnet waits for source"):
        _ = ResNet(image=RGB).code_shape


@pytest.mark.parametrize(("cls", "field", "value"), [(ResNet, "width", 0), (ResNet, "blocks", 0)])
def test_options_out_of_range_are_refused(cls: type, field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field} must be a whole number, at least 1"):
        cls(**{field: value})


def test_initial_weights_are_normal_with_deviation_one_fiftieth() -> None:
    for made in (ResNet(source=RGB, image=RGB, width=16, blocks=1), PatchGAN(image=RGB, width=16, layers=2)):
        weights = torch.cat([p.detach().flatten() for p in made.parameters() if p.dim() > 1])
        assert abs(float(weights.std()) - 0.02) < 3e-4
        assert abs(float(weights.mean())) < 3e-4
        assert all(not p.any() for p in made.parameters() if p.dim() == 1)


def test_a_residual_block_reflects_its_borders_and_adds_without_activation() -> None:
    made = ResNet(source=RGB, image=RGB, width=2, blocks=1).double()
    block = next(layer for layer in made.layers if isinstance(layer, Residual))
    x = torch.randn(1, 8, 4, 4, dtype=torch.float64)
    first, second = (layer for layer in block.layers if isinstance(layer, nn.Conv2d))
    reflect = lambda image: functional.pad(image, (1, 1, 1, 1), mode="reflect")
    inside = functional.instance_norm(functional.conv2d(reflect(x), first.weight, first.bias)).relu()
    expected = x + functional.instance_norm(functional.conv2d(reflect(inside), second.weight, second.bias))
    assert torch.allclose(block(x), expected, atol=1e-10)
    assert (block(x) < 0).any()


def test_a_sample_does_not_depend_on_the_others() -> None:
    for made in (
        ResNet(source=RGB, image=RGB, width=4, blocks=1).double(),
        PatchGAN(image=RGB, width=4, layers=2).double(),
    ):
        images = torch.randn(3, *RGB, dtype=torch.float64)
        assert torch.allclose(made(images)[1:2], made(images[1:2]), atol=1e-12)


def test_both_return_float32_under_autocast() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert ResNet(source=RGB, image=RGB, width=2, blocks=1)(torch.randn(1, *RGB)).dtype == torch.float32
        assert PatchGAN(image=RGB, width=2, layers=2)(torch.randn(1, *RGB)).dtype == torch.float32


def antialiased(blocks: int = 1) -> AntialiasedResNet:
    return AntialiasedResNet(source=RGB, image=RGB, width=4, blocks=blocks)


def test_maps_are_blurred_before_they_are_halved_and_after_they_are_doubled() -> None:
    made = antialiased().double()
    image = torch.randn(2, *RGB, dtype=torch.float64)
    convs = [layer for layer in made.layers if isinstance(layer, nn.Conv2d)]
    kernels = [one.weight for one in convs]
    assert [tuple(one.stride) for one in convs] == [(1, 1)] * 6
    normed = lambda x: functional.instance_norm(x).relu()
    wide = lambda x: functional.pad(x, (3, 3, 3, 3), mode="reflect")
    x = normed(functional.conv2d(wide(image), kernels[0]))
    for kernel in kernels[1:3]:
        x = BlurPool().double()(normed(functional.conv2d(x, kernel, padding=1)))
    x = next(layer for layer in made.layers if isinstance(layer, Residual))(x)
    for kernel in kernels[3:5]:
        x = normed(functional.conv2d(BlurUpsample().double()(x), kernel, padding=1))
    expected = functional.conv2d(wide(x), kernels[5]).tanh()
    assert torch.allclose(made(image), expected, atol=1e-9)
    assert made.last_layer() is kernels[5]


@pytest.mark.parametrize(("cls", "places"), [(ResNet, [3, 6, 9, 13]), (AntialiasedResNet, [3, 7, 11, 15])])
def test_maps_are_the_image_both_convolutions_that_are_halved_and_the_first_and_fifth_block(
    cls: type[ResNet], places: list[int]
) -> None:
    made = cls(source=RGB, image=RGB, width=2, blocks=9).double()
    image = torch.randn(1, *RGB, dtype=torch.float64)
    after, x = [], image
    for layer in made.layers:
        x = layer(x)
        after.append(x.clone())
    maps = made.maps(image)
    assert all(torch.equal(one, after[place]) for one, place in zip(maps[1:], places, strict=True))
    assert torch.equal(maps[0], image) and torch.equal(after[-1], made(image))
    assert [isinstance(made.layers[place], Residual) for place in places] == [False, False, True, True]


def test_networks_that_blur_start_from_the_weights_of_the_published_code() -> None:
    made = AntialiasedResNet(source=RGB, image=RGB, width=32, blocks=1)
    judge = AntialiasedPatchGAN(image=(3, 32, 32), width=32, layers=2)
    for layer in [*made.modules(), *judge.modules()]:
        if isinstance(layer, nn.Conv2d):
            taps = layer.kernel_size[0] ** 2
            deviation = 0.02 * (2 / (taps * (layer.in_channels + layer.out_channels))) ** 0.5
            assert float(layer.weight.detach().std()) == pytest.approx(deviation, rel=0.1)
            assert layer.bias is not None and not layer.bias.any()


def test_a_translator_that_blurs_is_twice_differentiable() -> None:
    made = AntialiasedResNet(source=(1, 8, 8), image=(1, 8, 8), width=1, blocks=1).double()
    nn.init.normal_(made.last_layer())
    image = torch.randn(1, 1, 8, 8, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(made(image).sum(), image, create_graph=True)
    slope.square().sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0


def test_channels_last_and_bf16_change_rounding_alone() -> None:
    made = antialiased(blocks=2)
    for one in made.parameters():
        if one.dim() > 1:
            nn.init.normal_(one, 0, 0.1)
    image = torch.rand(2, *RGB) * 2 - 1
    expected = made(image)
    last = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    found = last(image.contiguous(memory_format=torch.channels_last))
    assert torch.allclose(found, expected, atol=1e-5)
    with torch.autocast("cpu", torch.bfloat16):
        found = made(image)
    assert found.dtype == torch.float32 and (found - expected).abs().mean() < 0.05
