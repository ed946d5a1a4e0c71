from copy import deepcopy

import pytest
import torch
from spectral_parts import Pair, SpectralDiscriminator, SpectralGame, know_spectral_parts
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.nn.initializers import he_weights, normal_weights, orthogonal_weights, xavier_weights
from gancore.nn.spectral_norm import SpectralConv2d, SpectralEmbedding, SpectralLinear
from gancore.recipes.base import Player
from gancore.testing import contracts
from gancore.testing.stage import drive, start
from gancore.training.player_optimizer import PlayerOptimizer
from gancore.training.ranks import Ranks

know_spectral_parts()


def layers():
    torch.manual_seed(0)
    return [SpectralConv2d(5, 7, 3, padding=1), SpectralLinear(11, 6), SpectralEmbedding(4, 9)]


def updated(layer, iterations=200):
    layer.double().update_buffers(iterations)
    return layer


def largest(layer):
    return torch.linalg.matrix_norm(layer.weight.detach().flatten(1), 2)


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_sigma_is_the_largest_singular_value_and_its_gradient_the_papers(layer):
    layer = updated(deepcopy(layer))
    u, values, v = torch.linalg.svd(layer.weight.detach().flatten(1), full_matrices=False)
    assert torch.allclose(layer.sigma(), values[0], rtol=1e-9)
    (gradient,) = torch.autograd.grad(layer.sigma(), layer.weight)
    assert torch.allclose(gradient.flatten(1), u[:, :1] * v[:1], atol=1e-6)  # eq. 11, u₁v₁ᵀ
    assert torch.allclose(
        torch.linalg.matrix_norm(layer.effective_weight().flatten(1), 2), torch.ones(()).double()
    )


@pytest.mark.parametrize("layer", layers(), ids=lambda layer: type(layer).__name__)
def test_one_iteration_is_that_of_algorithm_1(layer):
    layer = deepcopy(layer).double()
    nn.init.normal_(layer.weight)
    matrix, v = layer.weight.detach().flatten(1), layer.v.flatten()
    u = nn.functional.normalize(matrix @ v, dim=0)
    expected = nn.functional.normalize(matrix.t() @ u, dim=0)
    assert not torch.allclose(expected, v)
    layer.update_buffers()
    assert torch.allclose(layer.v.flatten(), expected)
    u = nn.functional.normalize(matrix @ expected, dim=0)
    assert torch.allclose(layer.sigma(), u @ matrix @ expected)


def test_it_is_what_torch_makes_of_the_same_weight():
    convolution = nn.Conv2d(3, 8, 3, padding=1).double()
    mine = SpectralConv2d(3, 8, 3, padding=1).double()
    mine.load_state_dict({**convolution.state_dict(), "v": mine.v})
    theirs = nn.utils.parametrizations.spectral_norm(convolution, n_power_iterations=500)
    x = torch.randn(2, 3, 5, 5).double()
    assert torch.allclose(updated(mine, 500)(x), theirs(x), atol=1e-9)


def test_the_other_layers_multiply_with_the_normalized_weight():
    _, linear, embedding = (updated(layer) for layer in layers())
    x = torch.randn(3, 11).double()
    assert torch.allclose(linear(x), x @ linear.weight.t() / largest(linear) + linear.bias)
    label = torch.tensor([2, 0, 2])
    assert torch.allclose(embedding(label), embedding.weight[label] / largest(embedding))
    soft = torch.rand(3, 4).double()
    assert torch.allclose(embedding(soft), soft @ embedding.weight / largest(embedding))


def test_a_pass_moves_nothing_and_so_is_repeatable():
    layer = SpectralConv2d(3, 4, 3)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    x = torch.randn(2, 3, 6, 6)
    assert torch.equal(layer.train()(x), layer(x)) and torch.equal(layer(x), layer.eval()(x))
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


def test_it_is_one_function_of_its_weight_to_the_second_derivative():
    layer = SpectralConv2d(2, 3, 2).double()
    nn.init.normal_(layer.weight)  # v is no singular vector of it yet
    x = torch.randn(1, 2, 3, 3).double().requires_grad_()

    def scores(x, weight):
        return torch.func.functional_call(layer, {"weight": weight}, (x,)).square().sum()

    weight = layer.weight.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(scores, (x, weight)) and torch.autograd.gradgradcheck(scores, (x, weight))


def test_the_layout_in_memory_changes_nothing():
    layer = SpectralConv2d(4, 6, 3).double()
    nn.init.normal_(layer.weight)
    other = deepcopy(layer).to(memory_format=torch.channels_last)
    assert other.matrix()[0].data_ptr() == other.weight.data_ptr()  # nothing is copied
    for _ in range(3):
        layer.update_buffers()
        other.update_buffers()
        assert torch.allclose(other.v, layer.v) and torch.allclose(other.sigma(), layer.sigma())


def test_under_autocast_sigma_is_float32():
    layer = SpectralLinear(64, 64)
    expected = layer.sigma()
    with torch.autocast("cpu", torch.bfloat16):
        assert layer.sigma().dtype == torch.float32 and torch.equal(layer.sigma(), expected)
        assert layer(torch.randn(2, 64)).dtype == torch.bfloat16


class Operations(TorchDispatchMode):
    """Counts what torch is told to do."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


def test_an_iteration_takes_six_operations():
    """Networks of many small layers are made, and follow their weights, no faster than torch is called."""
    layer = SpectralConv2d(3, 8, 3)
    counts = []
    for iterations in (1, 11):
        with Operations() as told:
            layer.update_buffers(iterations)
        counts.append(told.count)
    assert counts[1] - counts[0] == 6 * 10


def test_a_weight_of_zeros_stays_finite_and_recovers():
    layer = SpectralLinear(5, 3)
    start = layer.v.clone()
    nn.init.zeros_(layer.weight)
    layer.update_buffers()
    assert torch.equal(layer.v, start) and not layer.effective_weight().any()
    nn.init.normal_(layer.weight)
    layer.update_buffers(100)
    assert torch.allclose(layer.sigma(), largest(layer), rtol=1e-4)


@pytest.mark.parametrize("initialize", [normal_weights, he_weights, xavier_weights, orthogonal_weights])
def test_initializers_find_the_weight_itself_and_v_follows(initialize):
    torch.manual_seed(0)
    layer = SpectralConv2d(16, 16, 3)
    before = layer.weight.detach().clone()
    initialize(layer)
    assert not torch.equal(layer.weight, before)
    assert 0.9 < (layer.sigma() / largest(layer)).item() < 1 + 1e-6


def test_a_new_layer_knows_its_norm():
    for layer in layers():
        assert 0.9 < (layer.sigma() / largest(layer)).item() < 1 + 1e-6


def test_of_a_single_input_there_is_but_one_vector():
    for _ in range(8):
        assert SpectralConv2d(1, 5, 1).v.flatten().tolist() == [1.0]


def test_no_iterations_are_refused():
    with pytest.raises(ValueError, match="iterations must be at least 1; got 0"):
        SpectralLinear(2, 2, iterations=0)


def test_each_layer_of_a_player_moves_once_and_frozen_ones_not():
    made = Pair(image=(1, 8, 8))
    for layer in (made.last, made.inner.conv):
        nn.init.normal_(layer.weight)
    expected = deepcopy(made)
    for layer in (expected.last, expected.inner.conv):
        layer.update_buffers()
    player = PlayerOptimizer("discriminator", Player([made], None), [])
    player.update_buffers(Ranks())
    assert torch.equal(made.last.v, expected.last.v)
    assert torch.equal(made.inner.conv.v, expected.inner.conv.v)
    made.requires_grad_(False)
    nn.init.normal_(made.last.weight)
    player.update_buffers(Ranks())
    assert torch.equal(made.last.v, expected.last.v)


def test_an_update_of_the_discriminator_moves_v_once_and_one_of_the_generator_does_not():
    recipe = SpectralGame(**SpectralGame.examples[0])
    recipe.bind(seed=1, facts={"image": (2, 8, 8)}, by="the test")
    layer, seen = recipe.discriminator.conv, []
    run = start(recipe)
    update = run.update

    def noting(player, *given, **how):
        before = deepcopy(layer)
        update(player, *given, **how)
        before.weight.data.copy_(layer.weight)
        before.update_buffers()
        seen.append((player, torch.equal(layer.v, before.v)))
        return {name: torch.zeros(1) for name in ("real", "fake")}

    run.update = noting
    drive(run, 2)
    judge, maker = ("discriminator", True), ("generator", False)
    assert seen == [judge, judge, maker, judge, maker]  # R1 comes in every second step
    drive(run, 20)
    assert torch.allclose(layer.sigma(), largest(layer), rtol=1e-3)


@contracts(SpectralDiscriminator, SpectralGame)
def test_contract(check):
    check()
