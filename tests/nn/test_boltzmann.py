import itertools
import math

import numpy as np
import pytest
import torch
from sklearn.neural_network import BernoulliRBM

from gancore.component.randomness import Rows, own_rows, seeded
from gancore.nn.boltzmann import (
    GAUSSIAN,
    BoltzmannMachine,
    RestrictedBoltzmann,
    contrastive_divergence,
    log_odds,
)

D, H = 4, 3


def machine(scale=1.0, **units):
    rng = torch.Generator().manual_seed(0)
    shapes = ((D, H), (D,), (H,))
    return BoltzmannMachine(
        *(scale * torch.randn(s, generator=rng, dtype=torch.float64) for s in shapes), **units
    )


def states(n):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)


def test_the_energy_is_that_of_the_definition():
    m, v, h = machine(), states(D)[5], states(H)[6]
    expected = -(m.visible_bias @ v + m.hidden_bias @ h + v @ m.weight @ h)
    assert torch.allclose(m.energy(v[None], h[None]), expected[None])


def test_free_energies_sum_over_the_other_layer():
    m, v, h = machine(), states(D), states(H)
    joint = m.energy(v.repeat_interleave(len(h), 0), h.repeat(len(v), 1)).reshape(len(v), len(h))
    assert torch.allclose(m.free_energy(v), -(-joint).logsumexp(1))
    assert torch.allclose(m.hidden_free_energy(h), -(-joint).logsumexp(0))


def test_the_free_energy_is_that_of_scikit_learn():
    m, v = machine(), states(D)
    assert np.allclose(m.free_energy(v).numpy(), oracle(m)._free_energy(v.numpy()))


def oracle(m, **options):
    made = BernoulliRBM(H, **options)
    made.components_ = m.weight.T.numpy().copy()
    made.intercept_visible_, made.intercept_hidden_ = (
        m.visible_bias.numpy().copy(),
        m.hidden_bias.numpy().copy(),
    )
    return made


def test_gaussian_visible_units_are_integrated_out():
    m, h = machine(visible=GAUSSIAN), states(H)
    grid = torch.linspace(-12, 12, 2001, dtype=torch.float64)
    x = m.visible_input(h)  # (8, D)
    integral = torch.trapezoid((grid * x[..., None] - grid.square() / 2).exp(), grid, dim=-1).log().sum(1)
    assert torch.allclose(m.hidden_free_energy(h), -(integral + h @ m.hidden_bias))


def test_gaussian_states_have_unit_variance_around_their_input():
    m = machine(visible=GAUSSIAN)
    hidden = states(H)[5].expand(20_000, H)
    with seeded(0):
        drawn = m.sample_visible(hidden)
    assert torch.allclose(drawn.mean(0), m.visible_input(hidden)[0], atol=0.03)
    assert torch.allclose(drawn.var(0), torch.ones(D, dtype=torch.float64), atol=0.05)


def test_long_chains_have_the_distribution_of_the_machine():
    m, v = machine(), states(D)
    exact = torch.softmax(-m.free_energy(v), 0)
    with seeded(0):
        visible, hidden = m.gibbs(torch.zeros(20_000, H, dtype=torch.float64), 30)
    index = (visible @ (2.0 ** torch.arange(D - 1, -1, -1, dtype=torch.float64))).long()
    found = torch.bincount(index, minlength=2**D) / len(index)
    assert float((found - exact).abs().max()) < 0.012
    assert torch.allclose(hidden.mean(0), (exact[:, None] * m.hidden_mean(v)).sum(0), atol=0.015)


def moved(loss, parameters, rate):
    gradients = torch.autograd.grad(loss, parameters)
    return [p.detach() - rate * g for p, g in zip(parameters, gradients, strict=True)]


def test_the_free_energy_difference_is_one_step_of_scikit_learn(monkeypatch):
    m, rng = machine(), np.random.default_rng(0)
    data, negative = (rng.integers(0, 2, (6, D)).astype(float) for _ in range(2))
    theirs = oracle(m, learning_rate=0.3, batch_size=6)
    theirs.h_samples_ = np.zeros((6, H))
    monkeypatch.setattr(theirs, "_sample_visibles", lambda h, rng: negative)
    theirs._fit(data, np.random.RandomState(0))
    parameters = [t.requires_grad_() for t in (m.weight, m.visible_bias, m.hidden_bias)]
    difference = m.free_energy(torch.from_numpy(data)) - m.free_energy(torch.from_numpy(negative))
    weight, visible, hidden = moved(difference.mean(), parameters, 0.3)
    assert np.allclose(weight.T, theirs.components_)
    assert np.allclose(visible, theirs.intercept_visible_) and np.allclose(hidden, theirs.intercept_hidden_)


@pytest.mark.parametrize("mean_field", [False, True])
def test_the_gradient_is_that_of_the_two_phases(mean_field):
    layer = RestrictedBoltzmann(D, H, deviation=1.0).double()
    data = states(D)[[3, 9, 14]]
    with seeded(1):
        contrastive_divergence(layer.machine, data, 2, mean_field=mean_field).backward()
    m, end = layer.machine, data
    with seeded(1), torch.no_grad():
        for _ in range(2):
            h = (torch.rand(3, H) < m.hidden_mean(end)).double()
            end = m.visible_mean(h) if mean_field else (torch.rand(3, D) < m.visible_mean(h)).double()
        expected = (end.T @ m.hidden_mean(end) - data.T @ m.hidden_mean(data)) / 3
    assert torch.allclose(layer.weight.grad, expected)
    assert torch.allclose(layer.visible_bias.grad, (end - data).mean(0))


def test_many_steps_give_the_gradient_of_the_likelihood():
    layer = RestrictedBoltzmann(D, H, deviation=0.7).double()
    data, v = states(D)[[3, 9, 14]], states(D)
    exact = layer.machine.free_energy(data).mean() + (-layer.machine.free_energy(v)).logsumexp(0)
    (expected,) = torch.autograd.grad(exact, layer.weight)
    with seeded(0):
        loss = contrastive_divergence(layer.machine, data.repeat(8000, 1), 20)
    (found,) = torch.autograd.grad(loss, layer.weight)
    assert torch.allclose(found, expected, atol=0.015) and float(expected.abs().max()) > 0.1


def test_rows_of_a_batch_are_drawn_alone():
    m, data = machine(), states(D)[:4]
    with seeded(3):
        whole = m.sample_hidden(data)
    with seeded(3), own_rows(Rows(4, 2, 4)):
        assert torch.equal(m.sample_hidden(data[2:]), whole[2:])


def test_the_path_begins_at_independent_units_and_ends_at_the_machine():
    m, base = machine(), torch.full((D,), 0.3, dtype=torch.float64)
    first, last, middle = m.at(0, base), m.at(1, base), m.at(0.25)
    assert not first.weight.any() and torch.equal(first.visible_bias, base)
    assert torch.equal(last.free_energy(states(D)), m.free_energy(states(D)))
    v, h = states(D)[7:8], states(H)[5:6]
    assert torch.allclose(middle.energy(v, h), 0.25 * m.energy(v, h))


def test_biases_follow_from_means():
    assert torch.allclose(log_odds(torch.tensor([0.2, 0.5])), torch.tensor([math.log(0.25), 0.0]))
    assert log_odds(torch.tensor([0.0, 1.0])).isfinite().all()


def test_half_precision_gives_float32():
    layer = RestrictedBoltzmann(D, H)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer.machine.hidden_mean(states(D).float()).dtype == torch.float32
