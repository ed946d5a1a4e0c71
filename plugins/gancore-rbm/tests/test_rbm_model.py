import itertools
import math

import numpy as np
import pytest
import torch
from gancore_rbm import (
    ContrastiveDivergence,
    GaussianRBMGenerator,
    ParallelTempering,
    Persistent,
    RBMEncoder,
    RBMGenerator,
    annealed_log_partition,
    exact_log_partition,
    hidden_filters,
    log_likelihood,
    log_partition,
)
from gancore_rbm.chains import AnnealedGibbs, ContinuedGibbs, Gibbs
from gancore_rbm.partition import Partition, spaced
from sklearn.neural_network import BernoulliRBM

from gancore.component.randomness import seeded
from gancore.errors import FitError, UserError
from gancore.nn.boltzmann import GAUSSIAN, BoltzmannMachine

D, H = 6, 4
IMAGE = (1, 2, 3)


def states(n):
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)))


def layers(scale=1.0, generator=RBMGenerator, hidden=H):
    """Both layers, with normal weights."""
    encoder = RBMEncoder(image=IMAGE, generator=generator(hidden=hidden)).requires_grad_(False)
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in encoder.parameters():
            p.copy_(scale * torch.randn(p.shape, generator=rng))
    return encoder


def index(visible):
    return (visible @ (2.0 ** torch.arange(visible.shape[1] - 1, -1, -1))).long()


def exact(machine):
    return torch.softmax(-machine.free_energy(states(D)), 0)


def test_code_and_image_are_the_means_of_scikit_learn():
    encoder = layers()
    m, theirs = encoder.machine, BernoulliRBM(H)
    theirs.components_ = m.weight.detach().T.numpy()
    theirs.intercept_hidden_ = m.hidden_bias.detach().numpy()
    image = states(D)[[3, 40]].reshape(-1, *IMAGE) * 2 - 1
    assert np.allclose(encoder.code(image).detach(), theirs.transform(states(D)[[3, 40]].numpy()), atol=1e-6)
    hidden = states(H)[[5, 9]]
    expected = torch.sigmoid(hidden @ m.weight.T + m.visible_bias)
    assert torch.allclose(encoder.generator(hidden).flatten(1), 2 * expected - 1, atol=1e-6)


def test_data_set_the_visible_biases():
    mean, variance = torch.linspace(-1, 1, D).reshape(IMAGE), torch.full(IMAGE, 0.0001)
    bernoulli, gaussian = RBMGenerator(image=IMAGE), GaussianRBMGenerator(image=IMAGE, floor=0.2)
    bernoulli.begin(mean, variance), gaussian.begin(mean, variance)
    p = ((mean.flatten() + 1) / 2).clamp(0.01, 0.99)
    assert torch.allclose(bernoulli.bias.detach(), (p / (1 - p)).log(), atol=1e-5)
    image = torch.randn(3, *IMAGE)
    assert torch.allclose(gaussian.visible(image), ((image - mean) / 0.2).flatten(1))
    assert torch.allclose(gaussian.picture(gaussian.visible(image)), image, atol=1e-6)


@pytest.mark.parametrize("sizes", [(3, 7), (8, 4)])
def test_the_exact_partition_counts_all_states(sizes):
    rng = torch.Generator().manual_seed(1)
    m = BoltzmannMachine(*(torch.randn(s, generator=rng).double() for s in (sizes, sizes[:1], sizes[1:])))
    v, h = states(sizes[0]).double(), states(sizes[1]).double()
    joint = m.energy(v.repeat_interleave(len(h), 0), h.repeat(len(v), 1))
    assert exact_log_partition(m) == pytest.approx(float((-joint).logsumexp(0)), abs=1e-9)


def test_gaussian_units_are_integrated():
    m = layers(0.5, GaussianRBMGenerator).machine
    # given h, the integral over v of exp(-v²/2 + v x) is √2π exp(x²/2)
    h = states(H)
    x = h @ m.weight.T + m.visible_bias
    expected = (x.square().sum(1) / 2 + h @ m.hidden_bias).logsumexp(0) + D / 2 * math.log(2 * math.pi)
    assert exact_log_partition(m) == pytest.approx(float(expected), abs=1e-4)


@pytest.mark.parametrize("units", ["bernoulli", "gaussian"])
def test_annealed_importance_sampling_is_within_a_tenth_of_a_nat(units):
    m = layers(1.0 if units == "bernoulli" else 0.3, hidden=8).machine
    if units == "gaussian":
        m = BoltzmannMachine(m.weight, m.visible_bias, m.hidden_bias, GAUSSIAN)
    found = annealed_log_partition(m, torch.full((D,), 0.4), chains=200, temperatures=300)
    true = exact_log_partition(m)
    assert abs(found.log_z - true) < 0.1 and 0 < found.error < 0.1
    unweighted = float(m.at(0.0, torch.full((D,), 0.4)).free_energy(torch.zeros(1, D)))
    assert abs(true + unweighted) > 1  # it had something to find


def test_a_larger_machine_is_within_a_nat():
    rng = torch.Generator().manual_seed(2)
    m = BoltzmannMachine(
        0.4 * torch.randn(60, 14, generator=rng), torch.randn(60, generator=rng), torch.zeros(14)
    )
    found = annealed_log_partition(m, torch.zeros(60), chains=50, temperatures=500)
    assert abs(found.log_z - exact_log_partition(m)) < 1


def test_inverse_temperatures_are_those_of_the_paper():
    betas = spaced(14501)
    assert betas[0] == 0 and betas[-1] == 1 and betas == sorted(betas)
    assert betas[500] == pytest.approx(0.5) and betas[4500] == pytest.approx(0.9)
    assert betas[1] == pytest.approx(0.001) and betas[501] - betas[500] == pytest.approx(0.0001)


def test_too_many_units_are_not_counted():
    m = BoltzmannMachine(torch.zeros(40, 26), torch.zeros(40), torch.zeros(26))
    with pytest.raises(UserError, match="all states of 26 units cannot be counted, 25 at most"):
        exact_log_partition(m)
    with pytest.raises(UserError, match="must be at least 2; got 1 and 10"):
        annealed_log_partition(m, torch.zeros(40), chains=1, temperatures=10)


def test_probabilities_of_all_images_sum_to_one():
    encoder = layers()
    everything = states(D).reshape(-1, *IMAGE) * 2 - 1
    found = log_likelihood(encoder, everything, log_partition(encoder))
    assert float(found.nats.exp().sum()) == pytest.approx(1, abs=1e-5) and found.partition.error == 0


def test_gray_values_are_drawn_black_or_white():
    encoder, gray = layers(), torch.zeros(6000, *IMAGE)
    found = log_likelihood(encoder, gray, Partition(0.0, 0.0), seed=3)
    expected = -encoder.machine.free_energy(states(D)).mean()  # all 64 images are equally probable
    assert float(found.nats.mean()) == pytest.approx(float(expected), abs=0.1)
    again = log_likelihood(encoder, gray.split(512), Partition(0.0, 0.0), seed=3)
    assert torch.equal(found.nats, again.nats)
    with pytest.raises(UserError, match="got no images"):
        log_likelihood(encoder, [], Partition(0.0, 0.0))


def advanced(phase, machine, steps):
    with torch.no_grad(), seeded(0):
        for _ in range(steps):
            visible = phase.advance(machine)
    return visible


@pytest.mark.parametrize(
    "phase",
    [Persistent(code=(H,), chains=8000), ParallelTempering(code=(H,), chains=8000, temperatures=4)],
)
def test_kept_chains_come_to_the_distribution_of_the_machine(phase):
    m = layers().machine
    visible = advanced(phase, m, 25)
    found = torch.bincount(index(visible), minlength=2**D) / len(visible)
    assert float((found - exact(m)).abs().max()) < 0.015
    before = phase.states.clone()
    advanced(phase, m, 1)
    assert not torch.equal(phase.states, before)


def test_every_temperature_keeps_its_distribution():
    m, phase = layers().machine, ParallelTempering(code=(H,), chains=8000, temperatures=4, smallest=0.1)
    assert phase.betas == pytest.approx([1, 0.7, 0.4, 0.1])
    advanced(phase, m, 25)
    for beta, hidden in zip(phase.betas, phase.states, strict=True):
        expected = torch.softmax(-m.at(beta).hidden_free_energy(states(H)), 0)
        found = torch.bincount(index(hidden), minlength=2**H) / len(hidden)
        assert float((found - expected).abs().max()) < 0.018


def test_tempering_crosses_barriers_where_one_chain_stays():
    # two modes, all on and all off, that are far apart
    m = BoltzmannMachine(torch.full((D, H), 4.0), torch.full((D,), -8.0), torch.full((H,), -12.0))
    plain, tempered = Persistent(code=(H,), chains=300), ParallelTempering(code=(H,), chains=300)
    assert float(advanced(plain, m, 40).mean()) < 0.02
    assert 0.4 < float(advanced(tempered, m, 80).mean()) < 0.6


def test_contrastive_divergence_begins_at_the_data():
    m = layers(0.0).machine
    m = BoltzmannMachine(200 * torch.eye(D), torch.full((D,), -100.0), torch.full((D,), -100.0))
    data = states(D)[[5, 17, 60]]
    with seeded(0):
        assert torch.equal(ContrastiveDivergence(code=(D,), steps=3)(m, data), data)


@pytest.mark.parametrize(("kind", "steps"), [(Gibbs, 15), (AnnealedGibbs, 20)])
def test_chains_end_at_the_distribution_of_the_machine(kind, steps):
    encoder = layers()
    drawn = kind(encoder=encoder, latent=(H,), steps=steps)(2000, rng=torch.Generator().manual_seed(0))
    expected = torch.softmax(-encoder.machine.hidden_free_energy(states(H)), 0)
    found = torch.bincount(index(drawn), minlength=2**H) / len(drawn)
    assert float((found - expected).abs().max()) < 0.04


def test_samples_continue_the_chains_of_the_training():
    negative = Persistent(code=(H,), chains=3)
    negative.states.copy_(torch.eye(3, H))
    # each hidden unit keeps itself on or off
    encoder = RBMEncoder(image=IMAGE, generator=RBMGenerator(hidden=H)).requires_grad_(False)
    encoder.generator.weight.copy_(200 * torch.eye(D, H)), encoder.generator.bias.fill_(-100.0)
    encoder.bias.fill_(-100.0)
    sampler = ContinuedGibbs(encoder=encoder, negative=negative, latent=(H,), steps=4)
    drawn = sampler(3000, rng=torch.Generator().manual_seed(0))
    assert torch.allclose(drawn.mean(0), torch.tensor([1 / 3, 1 / 3, 1 / 3, 0]), atol=0.04)
    assert (drawn.sum(1) == 1).all()
    tempered = ParallelTempering(code=(H,), chains=2, temperatures=3)
    assert torch.equal(tempered.hidden_states, tempered.states[0])


def test_short_chains_begin_at_the_means_of_the_data():
    encoder = layers(0.0)
    with torch.no_grad():
        encoder.generator.base.fill_(50.0)
        encoder.generator.weight.fill_(1.0)
    (drawn,) = Gibbs(encoder=encoder, latent=(H,), steps=1)(1, rng=torch.Generator().manual_seed(0))
    assert drawn.tolist() == [1.0] * H


def test_a_latent_does_not_depend_on_how_many_are_drawn():
    sampler = AnnealedGibbs(encoder=layers(), latent=(H,), steps=5)
    few, many = (sampler(n, rng=torch.Generator().manual_seed(4)) for n in (3, 70))
    assert torch.equal(few, many[:3])


def test_a_chain_of_another_machine_is_refused():
    with pytest.raises(
        FitError, match=r"draws the hidden states \(4,\) of its machine, but latents are \(5,\)"
    ):
        Gibbs(encoder=layers(), latent=(5,))


def test_filters_are_the_columns_of_the_weights():
    encoder = layers()
    weight = encoder.generator.weight.detach()
    found = hidden_filters(encoder.generator, 3)
    order = weight.norm(dim=0).argsort(descending=True)[:3]
    assert found.shape == (3, *IMAGE)
    for column, picture in zip(weight.T[order], found.flatten(1), strict=True):
        assert torch.allclose(picture, column / column.abs().max())


def test_generators_without_a_matrix_have_no_filters():
    class Other:
        image, qualified_name = IMAGE, "generator/other"

        def last_layer(self):
            return torch.zeros(3, 4, 3, 3)

    with pytest.raises(
        UserError, match=r"generator/other has weights \(3, 4, 3, 3\); filters are columns of 6"
    ):
        hidden_filters(Other())
