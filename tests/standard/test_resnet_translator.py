import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.errors import FactError, FitError
from gancore.standard.patchgan import PatchGAN
from gancore.standard.translators import ResNet
from gancore.standard.translators.resnet import Residual

RGB = (3, 16, 16)


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(("blocks", "weights"), [(9, 11_378_179), (6, 7_837_699)])
def test_the_translator_has_the_published_number_of_weights(blocks: int, weights: int) -> None:
    with torch.device("meta"):
        assert count(ResNet(image=(3, 256, 256), source=(3, 256, 256), blocks=blocks)) == weights


@pytest.mark.parametrize(
    ("source", "image"), [((1, 8, 12), (4, 8, 12)), (RGB, RGB), ((3, 20, 8), (1, 20, 8))]
)
def test_any_channels_and_sides_divisible_by_four_are_translated(
    source: tuple[int, int, int], image: tuple[int, int, int]
) -> None:
    made = ResNet(source=source, image=image, width=2, blocks=1)
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
