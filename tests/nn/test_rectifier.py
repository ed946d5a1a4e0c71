import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.nn.rectifier import LeakyReLU, ReLU, leaky_relu, relu

SLOPES = [0.0, 0.2]


def penalty(x, weights, rectify):
    """The squared gradient of a network of two layers, and what it is made of."""
    h = rectify(x @ weights[0] + weights[1])
    (gradient,) = torch.autograd.grad((h @ weights[2]).sum(), x, create_graph=True)
    return gradient.square().sum()


def leaves():
    shapes = [(5, 3), (3, 4), (4,), (4, 1)]
    return [torch.randn(*shape).double().requires_grad_() for shape in shapes]


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("slope", SLOPES)
def test_values_and_gradients_are_the_definitions(slope, inplace):
    x = torch.tensor([-2.0, -0.5, 0.5, 3.0]).requires_grad_()
    y = leaky_relu(x * 1, slope, inplace)
    assert torch.equal(y, torch.tensor([-2 * slope, -0.5 * slope, 0.5, 3.0]))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, torch.tensor([slope, slope, 1.0, 1.0]))


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize("slope", SLOPES)
def test_a_penalty_on_the_gradient_has_torchs_derivatives(slope, inplace):
    x, *weights = leaves()
    plain = penalty(x, weights, lambda h: functional.leaky_relu(h, slope))
    expected = torch.autograd.grad(plain, [weights[0], weights[2]])
    found = torch.autograd.grad(
        penalty(x, weights, lambda h: leaky_relu(h, slope, inplace)), [weights[0], weights[2]]
    )
    for one, other in zip(found, expected, strict=True):
        assert torch.allclose(one, other)


@pytest.mark.parametrize("slope", SLOPES)
def test_and_it_leaves_the_way_to_the_rectifier_alone(slope):
    x, *weights = leaves()
    value = penalty(x, weights, lambda h: leaky_relu(h, slope))
    assert torch.autograd.grad(value, weights[1], allow_unused=True) == (None,)


def test_in_place_it_writes_over_its_input():
    x = torch.randn(6, requires_grad=True) * 1
    y = relu(x, inplace=True)
    assert y.data_ptr() == x.data_ptr() and torch.equal(x, y) and x.min() == 0
    with torch.no_grad():
        z = torch.tensor([-1.0, 1.0])
        assert leaky_relu(z, 0.5, inplace=True) is z and z.tolist() == [-0.5, 1]


def test_layers_are_torchs():
    x = torch.randn(3, 4)
    assert isinstance(ReLU(), nn.ReLU) and torch.equal(ReLU()(x), nn.ReLU()(x))
    assert isinstance(LeakyReLU(), nn.LeakyReLU)
    assert torch.equal(LeakyReLU(0.3)(x), nn.LeakyReLU(0.3)(x))
