import math

import pytest
import torch
from torch import nn

from gancore.nn.initializers import (
    fan_in,
    he_weights,
    normal_weights,
    orthogonal_weights,
    xavier_normal_weights,
    xavier_weights,
)

ALL = [normal_weights, he_weights, xavier_weights, xavier_normal_weights, orthogonal_weights]


def network():
    layers = [nn.Conv2d(24, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.ConvTranspose2d(32, 24, 4, 2, 1)]
    return nn.Sequential(*layers, nn.Sequential(nn.Linear(96, 64), nn.Embedding(64, 96)))


@pytest.mark.parametrize("initialize", ALL)
def test_it_draws_from_the_global_generator_and_starts_biases_at_zero(initialize):
    first, second = network(), network()
    for made in (first, second):
        torch.manual_seed(3)
        initialize(made)
    for (name, one), two in zip(first.named_parameters(), second.parameters(), strict=True):
        assert name == "4.1.weight" or torch.equal(one, two), name
        assert not name.endswith("bias") or not one.any()


@pytest.mark.parametrize("initialize", ALL)
def test_a_single_layer_is_a_network_too(initialize):
    layer = nn.Conv2d(3, 5, 3, bias=False)
    before = layer.weight.detach().clone()
    initialize(layer)
    assert not torch.equal(layer.weight, before)


def test_normal_weights_and_scales_of_batch_norm():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(64, 64, 3), nn.BatchNorm2d(4096), nn.BatchNorm2d(3, affine=False))
    normal_weights(made, 0.05)
    assert made[0].weight.std().item() == pytest.approx(0.05, rel=0.02)
    assert made[0].weight.mean().item() == pytest.approx(0, abs=1e-3)
    assert made[1].weight.mean().item() == pytest.approx(1, abs=3e-3)
    assert made[1].weight.std().item() == pytest.approx(0.05, rel=0.05)
    assert not made[1].bias.any()


def test_xavier_weights_are_normal_with_both_counts():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(48, 80, 3), nn.Linear(300, 200))
    xavier_normal_weights(made, gain=0.5)
    for layer, counts in ((made[0], 9 * 128), (made[1], 500)):
        deviation = 0.5 * math.sqrt(2 / counts)
        assert layer.weight.std().item() == pytest.approx(deviation, rel=0.02)
        assert layer.weight.abs().max() > 3 * deviation


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0])
def test_he_weights_pass_variance_through_a_leaky_relu(slope):
    torch.manual_seed(0)
    layers = [
        nn.Linear(512, 512),
        nn.LeakyReLU(slope),
        nn.Linear(512, 512),
        nn.LeakyReLU(slope),
        nn.Linear(512, 512),
    ]
    made = nn.Sequential(*layers)
    he_weights(made, slope)
    y = made(torch.randn(64, 512))
    gain = 2 / (1 + slope**2)  # the first layer has no rectifier before it
    assert y.square().mean().item() == pytest.approx(gain, rel=0.15)


@pytest.mark.parametrize(
    ("layer", "inputs"),
    [
        (nn.Linear(7, 3), 7),
        (nn.Conv2d(6, 4, 3), 54),
        (nn.Conv2d(6, 4, (1, 3), groups=2), 9),
        (nn.ConvTranspose2d(6, 4, 4, 2, 1), 24),
        (nn.ConvTranspose2d(6, 4, (4, 8)), 6),
        (nn.ConvTranspose2d(6, 4, 4, 2), 24),
    ],
)
def test_inputs_of_an_output(layer, inputs):
    assert fan_in(layer) == inputs


def test_the_inputs_are_those_that_an_output_reads():
    for layer, size in (
        (nn.Conv2d(6, 4, 3, padding=1), 9),
        (nn.ConvTranspose2d(6, 4, 4, 2, 1), 9),
        (nn.ConvTranspose2d(6, 4, 4), 1),
    ):
        with torch.no_grad():
            layer.weight.fill_(1)
            y = layer(torch.ones(1, 6, size, size)) - layer.bias[:, None, None]
        assert y[0, 0, y.shape[2] // 2, y.shape[3] // 2].item() == pytest.approx(fan_in(layer))


def test_xavier_weights_fill_their_interval():
    layer = nn.Conv2d(32, 64, 3)
    xavier_weights(layer, gain=2)
    bound = 2 * math.sqrt(6 / (9 * (32 + 64)))
    assert layer.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert layer.weight.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.02)


@pytest.mark.parametrize(
    "layer", [nn.Conv2d(3, 64, 3), nn.Conv2d(64, 8, 3), nn.Linear(20, 30), nn.Embedding(5, 40)]
)
def test_orthogonal_weights(layer):
    orthogonal_weights(layer, gain=0.5)
    matrix = layer.weight.detach().flatten(1).double()
    matrix = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.t()
    assert torch.allclose(matrix @ matrix.t(), 0.25 * torch.eye(len(matrix)).double(), atol=1e-5)
