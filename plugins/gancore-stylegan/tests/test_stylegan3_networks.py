import math
from copy import deepcopy

import pytest
import torch
from gancore_stylegan import RotationalStyleGAN3Synthesis, StyleGAN3, StyleGAN3Synthesis
from gancore_stylegan.stylegan3.input import FourierInput
from gancore_stylegan.stylegan3.plan import plan
from gancore_stylegan.stylegan3.synthesis import AliasFreeLayer, ToRGB
from torch.nn import functional

from gancore.errors import FactError
from gancore.testing.stage import drive, start

SMALL = {"code_width": 5, "channels_base": 64, "channels_max": 6, "layers": 4}
KINDS = [StyleGAN3Synthesis, RotationalStyleGAN3Synthesis]


def test_the_plan_at_256_is_that_of_the_released_network():
    bands = plan((3, 256, 256), 14, "the test")
    assert [band.size[0] for band in bands] == [
        36,
        36,
        36,
        52,
        52,
        84,
        84,
        148,
        148,
        148,
        276,
        276,
        276,
        256,
        256,
    ]
    assert [band.rate for band in bands] == [
        16,
        16,
        16,
        32,
        32,
        64,
        64,
        128,
        128,
        128,
        256,
        256,
        256,
        256,
        256,
    ]
    assert bands[0].cutoff == 2 and bands[-1].cutoff == bands[-2].cutoff == bands[-3].cutoff == 128
    assert bands[6].cutoff == pytest.approx(math.sqrt(2 * 128))
    assert bands[0].cutoff + bands[0].half_width == pytest.approx(8)
    assert bands[-1].cutoff + bands[-1].half_width == pytest.approx(128 * 2**0.3)
    assert [band.critical for band in bands] == [False] * 12 + [True] * 3


def test_a_plan_counts_along_the_shorter_side():
    wide, square = plan((3, 64, 96), 14, "the test"), plan((3, 64, 64), 14, "the test")
    for a, b in zip(wide, square, strict=True):
        margin = b.size[0] - b.rate
        assert a._replace(size=b.size) == b and a.size == (b.size[0], b.rate * 3 // 2 + margin)


@pytest.mark.parametrize(
    ("size", "rates"), [((48, 48), [12, 24, 48]), ((50, 50), [25, 50]), ((33, 40), [33]), ((4, 4), [4])]
)
def test_rates_of_other_sizes_divide_the_sides(size, rates):
    assert sorted({band.rate for band in plan((1, *size), 14, "the test")}) == rates


@pytest.mark.parametrize("cls", KINDS)
@pytest.mark.parametrize("image", [(3, 16, 16), (1, 28, 28), (4, 24, 16), (2, 33, 9), (3, 4, 4)])
def test_sizes_and_channels(cls, image):
    made = cls(image=image, **SMALL).eval()
    assert made.code_shape == (6, 5)
    images = made(torch.randn(2, 6, 5))
    assert images.shape == (2, *image) and images.dtype == torch.float32 and images.isfinite().all()


def test_too_small_an_image_is_refused():
    with pytest.raises(
        FactError,
        match="generator/stylegan3-t does not support images of 3×16: both sides must be at least 4; resize",
    ):
        StyleGAN3Synthesis(image=(3, 3, 16))


def test_fourier_features_are_waves_in_the_disc():
    made = FourierInput(5, 500, (36, 40), 16, 2.0).double()
    norms = made.frequencies.norm(dim=1)
    assert norms.max() <= 2 and (norms < 2**0.5).double().mean().item() == pytest.approx(0.5, abs=0.1)
    assert made.phases.abs().max() <= 0.5
    x = made(torch.randn(1, 5).double())
    row, column = 7, 11
    place = torch.tensor([(column + 0.5 - 20) / 16, (row + 0.5 - 18) / 16]).double()
    waves = torch.sin(2 * torch.pi * (made.frequencies @ place + made.phases))
    assert torch.allclose(x[0, :, row, column], made.weight @ waves / math.sqrt(500), atol=1e-6)


def test_the_input_moves_as_its_transform_says():
    """A shift by whole pixels, and a quarter turn, are those of the map; so is the motion that w asks for."""
    made = FourierInput(3, 8, (20, 20), 10, 2.0).double()
    w = torch.randn(1, 3).double()
    before = made(w)
    made.transform[0, 2] = 0.3
    assert torch.allclose(made(w)[..., :-3], before[..., 3:], atol=1e-6)
    made.transform.copy_(torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]))
    assert torch.allclose(made(w), before.rot90(-1, (2, 3)), atol=1e-6)
    made.transform.copy_(torch.eye(3))
    with torch.no_grad():
        made.affine.bias.copy_(torch.tensor([2.0, 0, -0.6, 0]))
    assert torch.allclose(made(w)[..., :-3], before[..., 3:], atol=1e-6)


def test_frequencies_beyond_the_band_fade_out():
    made = FourierInput(3, 64, (20, 20), 10, 2.0)
    made.transform[:2, :2] *= 10
    frequencies, _ = made.moved(torch.tensor([[1.0, 0, 0, 0]]))
    beyond = frequencies.norm(dim=2) >= 5
    assert beyond.any() and not made.strength(frequencies)[beyond].any()
    assert ((made.strength(frequencies) - (1 - (frequencies.norm(dim=2) - 2) / 3)).abs() < 1e-6)[
        ~beyond & (frequencies.norm(dim=2) > 2)
    ].all()


def test_a_layer_is_the_paper_written_out():
    bands = plan((3, 16, 16), 4, "the test")
    layer = AliasFreeLayer((4, 6), 5, (bands[0], bands[1]), kernel=3, radial=False).double()
    with torch.no_grad():
        layer.bias.normal_()
        layer.square.fill_(1.7)
    x, w = torch.randn(2, 4, *bands[0].size).double(), torch.randn(2, 5).double()
    style = functional.linear(w, layer.affine.weight / math.sqrt(5), layer.affine.bias)
    expected = []
    for i in range(2):
        weight = layer.weight * style[i][None, :, None, None]
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).sqrt() / math.sqrt(1.7)
        y = functional.conv2d(x[i : i + 1], weight, layer.bias, padding=2)
        expected.append(layer.activation(y) * math.sqrt(2))
    assert torch.allclose(layer(x, w), torch.cat(expected), atol=1e-7)


def test_the_layer_to_colors_is_the_paper_written_out():
    layer = ToRGB(4, 3, 5).double()
    layer.square.fill_(0.4)
    x, w = torch.randn(2, 4, 6, 7).double(), torch.randn(2, 5).double()
    style = functional.linear(w, layer.affine.weight / math.sqrt(5), layer.affine.bias) / math.sqrt(4)
    expected = (
        torch.einsum("nchw,nc,oc->nohw", x, style, layer.weight[:, :, 0, 0]) / math.sqrt(0.4)
        + layer.bias[:, None, None]
    )
    assert torch.allclose(layer(x, w), expected)


def test_running_squares_move_by_the_images_of_an_update():
    made = StyleGAN3Synthesis(image=(3, 8, 8), half_life=4.0, **SMALL).train()
    code = torch.randn(4, *made.code_shape)
    square = made.input(code[:, 0]).square().mean().item()
    made(code[:1]), made(code[1:])
    assert made.squares.count == 4 and all(block.square == 1 for block in made.blocks)
    made.update_buffers()
    assert made.blocks[0].square.item() == pytest.approx(0.5 + 0.5 * square, rel=1e-5)
    assert all(block.square != 1 for block in [*made.blocks, made.to_image])
    made.squares.clear()
    made.eval()(code)
    assert made.squares.mean is None


def test_the_running_square_brings_a_layer_to_unit_size():
    made = StyleGAN3Synthesis(image=(3, 16, 16), half_life=0.01, **SMALL).train()
    code = torch.randn(8, *made.code_shape)
    for _ in range(6):
        made.squares.clear()
        made(code)
        made.update_buffers()
    sizes = [block.square.item() for block in made.blocks[1:]]
    assert all(0.2 < size < 5 for size in sizes), sizes


@pytest.mark.parametrize("cls", KINDS)
def test_the_image_moves_with_the_input(cls):
    """Equivariance to a shift by one pixel: the finished image shifts by it, closely, far from the border."""
    made = cls(image=(1, 32, 32), code_width=5, channels_base=256, channels_max=16).eval()
    code = torch.randn(1, *made.code_shape)
    before = made(code)
    made.input.transform[0, 2] = 1 / 32
    after = made(code)
    change = (after[..., 8:24, 8:23] - before[..., 8:24, 9:24]).square().mean()
    still = (after[..., 8:24, 8:23] - before[..., 8:24, 8:23]).square().mean()
    assert change < still / 100, (change, still)


def test_it_differentiates_twice():
    made = (
        RotationalStyleGAN3Synthesis(image=(1, 4, 4), code_width=2, channels_base=4, channels_max=2, layers=3)
        .double()
        .eval()
    )
    code = torch.randn(1, *made.code_shape, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(made(code).square().sum(), code, create_graph=True)
    gradient.square().sum().backward()
    step, base = 1e-5, code.detach()
    direction = torch.randn_like(base)

    def squared(x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(made(x).square().sum(), x)[0].square().sum()

    found = (squared(base + step * direction) - squared(base - step * direction)) / (2 * step)
    assert (code.grad * direction).sum().item() == pytest.approx(found.item(), rel=1e-4)


def test_bf16_stays_near_float32():
    made = StyleGAN3Synthesis(image=(3, 16, 16), **{**SMALL, "channels_max": 32, "channels_base": 256}).eval()
    code = torch.randn(2, *made.code_shape)
    full = made(code)
    with torch.autocast("cpu", torch.bfloat16):
        half = made(code)
    assert half.dtype == torch.float32
    assert (half - full).abs().max() < 0.1 * full.abs().max()


@pytest.mark.parametrize("generator", ["stylegan3-t", "stylegan3-r"])
@pytest.mark.parametrize("image", [(1, 16, 24), (4, 12, 12)])
def test_the_recipe_trains(generator, image):
    recipe = StyleGAN3(
        image=image,
        generator={"part": generator, **SMALL},
        discriminator={"part": "stylegan2", "channels_base": 64, "channels_max": 8, "group": 2},
    )
    before = deepcopy(recipe.state_dict())
    drive(start(recipe), 2)
    moved = {name for name, value in recipe.state_dict().items() if not torch.equal(value, before[name])}
    assert {
        "generator.blocks.0.weight",
        "generator.blocks.0.square",
        "generator.to_image.square",
        "conditioner.mean",
    } <= moved
    assert not {"generator.input.frequencies", "generator.input.phases", "generator.input.transform"} & moved


def test_the_recipes_defaults_are_published():
    recipe = StyleGAN3(generator={"part": "stylegan3-t"})
    assert (recipe.generator_optimizer.lr, recipe.discriminator_optimizer.lr, recipe.batch) == (
        0.0025,
        0.002,
        32,
    )
    assert recipe.generator_optimizer.betas == recipe.discriminator_optimizer.betas == (0.0, 0.99)
    assert (recipe.conditioner.layers, recipe.conditioner.mixing, recipe.conditioner.decay) == (2, 0.0, 0.998)
    assert [(r.name, r.every) for r in recipe.regularizers] == [("r1", 16)] and len(
        recipe.generator_regularizers
    ) == 0
