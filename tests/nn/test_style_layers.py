import pytest
import torch
from torch.nn import functional

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.nn.adain import AdaIN, instance_normalized
from gancore.nn.minibatch_std import MinibatchStd
from gancore.nn.noise import Noise
from gancore.nn.pixel_norm import pixel_norm


def test_pixel_norm_gives_unit_mean_square():
    x = torch.randn(3, 7, 2, 2).double()
    y = pixel_norm(x)
    assert torch.allclose(y.square().mean(1), torch.ones(3, 2, 2).double(), atol=1e-6)
    assert torch.allclose(y[0, :, 0, 0] / y[0, 0, 0, 0], x[0, :, 0, 0] / x[0, 0, 0, 0])


def test_minibatch_std_by_the_definition():
    x = torch.randn(8, 3, 2, 2).double()
    y = MinibatchStd(4)(x)
    assert y.shape == (8, 4, 2, 2) and torch.equal(y[:, :3], x)
    for start in (0, 4):
        expected = x[start : start + 4].var(0, correction=0).add(1e-8).sqrt().mean()
        assert torch.allclose(y[start : start + 4, 3], expected)


def test_minibatch_std_of_whole_groups_equals_the_whole():
    x = torch.randn(8, 3, 2, 2).double()
    layer = MinibatchStd(2)
    assert torch.allclose(layer(x), torch.cat([layer(x[:4]), layer(x[4:])]), atol=1e-14)


@pytest.mark.parametrize("n", [1, 5, 8])
def test_minibatch_std_over_the_whole_batch(n):
    x = torch.randn(n, 3, 2, 2).double()
    y = MinibatchStd(0)(x)
    assert torch.allclose(y[:, 3], x.var(0, correction=0).add(1e-8).sqrt().mean(), atol=1e-14)


@pytest.mark.parametrize("n", [1, 3, 6])
def test_minibatch_std_with_a_remainder(n):
    x = torch.randn(n, 3, 2, 2).double().requires_grad_()
    y = MinibatchStd(4)(x)
    last = x[n - n % 4 :]
    assert torch.allclose(y[-1, 3], last.var(0, correction=0).add(1e-8).sqrt().mean())
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.isfinite().all()


def test_minibatch_std_is_twice_differentiable():
    x = torch.randn(4, 2, 1, 2).double().requires_grad_()
    assert torch.autograd.gradgradcheck(MinibatchStd(2), x)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_adain_is_equation_1(layout):
    layer = AdaIN(5, 7).double()
    x, w = (
        (3 + 2 * torch.randn(2, 5, 4, 6)).double().contiguous(memory_format=layout),
        torch.randn(2, 7).double(),
    )
    scale, bias = (
        functional.linear(w, layer.style.weight / 7**0.5, layer.style.bias).reshape(2, 2, 5, 1, 1).unbind(1)
    )
    mean, deviation = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True).sqrt()
    assert torch.allclose(layer(x, w), scale * (x - mean) / deviation + bias, atol=1e-6)


def test_adain_starts_as_plain_normalization_for_a_zero_code():
    x = torch.randn(2, 5, 4, 4)
    assert torch.allclose(AdaIN(5, 7)(x, torch.zeros(2, 7)), functional.instance_norm(x), atol=1e-3)


def test_adain_makes_a_constant_map_exactly_its_bias():
    x = torch.full((2, 3, 5, 12), 1.0)
    assert torch.equal(
        instance_normalized(x, torch.ones(2, 3), torch.full((2, 3), 0.5)), torch.full_like(x, 0.5)
    )


@pytest.mark.parametrize("spread", [0.001, 0.1])
def test_adain_of_a_float32_map_is_as_exact_under_autocast(spread):
    """A learned constant near one, whose places differ by less than bfloat16 can tell."""
    x, one, zero = (
        1 + 0.01 * torch.randn(1, 3, 1, 1) + spread * torch.randn(2, 3, 4, 4),
        torch.ones(2, 3),
        torch.zeros(2, 3),
    )
    plain = instance_normalized(x, one, zero)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.allclose(instance_normalized(x, one, zero), plain, atol=1e-3)


def test_adain_in_bfloat16_survives_a_large_mean():
    x, one, zero = torch.randn(2, 3, 8, 8), torch.ones(2, 3), torch.zeros(2, 3)
    y = instance_normalized((x + 10).bfloat16(), one, zero)
    assert y.dtype == torch.bfloat16
    assert (y.float() - instance_normalized(x, one, zero)).abs().max() < 0.2


def test_adain_is_twice_differentiable():
    layer = AdaIN(2, 3).double()
    x, w = torch.randn(1, 2, 2, 3).double().requires_grad_(), torch.randn(1, 3).double().requires_grad_()
    assert torch.autograd.gradgradcheck(layer, (x, w))


def test_noise_is_one_image_for_all_channels_and_starts_silent():
    layer, x = Noise(3), torch.randn(2, 3, 4, 4)
    assert torch.equal(layer(x), x)
    with torch.no_grad():
        layer.strength.copy_(torch.tensor([1.0, 2.0, 0.0]))
    added = layer(x) - x
    assert torch.allclose(added[:, 1], 2 * added[:, 0], atol=1e-5) and not added[:, 2].any()
    assert not torch.allclose(added[0], added[1]) and added[:, 0].std() > 0.5


def test_noise_of_micro_batches_is_that_of_the_whole():
    layer, x = Noise(3).double(), torch.zeros(6, 3, 4, 4).double()
    torch.nn.init.ones_(layer.strength)
    with seeded(1):
        whole = layer(x)
    pieces = []
    for start, stop in ((0, 4), (4, 6)):
        with seeded(1), own_rows(Rows(6, start, stop)):
            pieces.append(layer(x[start:stop]))
    assert torch.equal(whole, torch.cat(pieces))
