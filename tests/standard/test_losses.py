import math

import pytest
import torch

from gancore.errors import FitError
from gancore.standard.losses import (
    DualContrastive,
    Hinge,
    LeastSquares,
    Minimax,
    NonSaturating,
    RelativisticAverage,
    RelativisticPairing,
    Wasserstein,
)

ALL = [
    *(Minimax, NonSaturating, LeastSquares, Hinge, Wasserstein),
    *(RelativisticPairing, RelativisticAverage, DualContrastive),
]
MONOTONE = [Minimax, NonSaturating, Hinge, Wasserstein, RelativisticPairing]
REAL, FAKE = torch.tensor([0.3, -1.2, 4.0]), torch.tensor([-0.7, 2.0, 0.1])


def sigmoid(s):
    return 1 / (1 + math.exp(-s))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def expected(loss):
    r, f = REAL.tolist(), FAKE.tolist()
    real_fake = mean(-math.log(sigmoid(x)) for x in r) + mean(-math.log(1 - sigmoid(x)) for x in f)
    value = mean(math.log(math.exp(a) / (math.exp(a) + sum(math.exp(b) for b in f))) for a in r)
    value += mean(math.log(math.exp(-b) / (math.exp(-b) + sum(math.exp(-a) for a in r))) for b in f)
    return {
        Minimax: (real_fake, mean(math.log(1 - sigmoid(x)) for x in f)),
        NonSaturating: (real_fake, mean(-math.log(sigmoid(x)) for x in f)),
        LeastSquares: (
            mean((x - 1) ** 2 for x in r) / 2 + mean(x**2 for x in f) / 2,
            mean((x - 1) ** 2 for x in f) / 2,
        ),
        Hinge: (mean(max(0, 1 - x) for x in r) + mean(max(0, 1 + x) for x in f), -mean(f)),
        Wasserstein: (mean(f) - mean(r), -mean(f)),
        RelativisticPairing: (
            mean(math.log(1 + math.exp(b - a)) for a, b in zip(r, f, strict=True)),
            mean(math.log(1 + math.exp(a - b)) for a, b in zip(r, f, strict=True)),
        ),
        DualContrastive: (-value, value),
        RelativisticAverage: (
            mean(-math.log(sigmoid(x - mean(f))) for x in r)
            + mean(-math.log(1 - sigmoid(x - mean(r))) for x in f),
            mean(-math.log(sigmoid(x - mean(r))) for x in f)
            + mean(-math.log(1 - sigmoid(x - mean(f))) for x in r),
        ),
    }[loss]


@pytest.mark.parametrize("loss", ALL)
def test_values_are_those_of_the_paper(loss):
    discriminator, generator = expected(loss)
    assert loss().discriminator(REAL, FAKE).item() == pytest.approx(discriminator, rel=1e-5)
    assert loss().generator(FAKE, REAL).item() == pytest.approx(generator, rel=1e-5)


@pytest.mark.parametrize("loss", [Minimax, NonSaturating])
def test_one_sided_label_smoothing(loss):
    smoothed = mean(-0.9 * math.log(sigmoid(x)) - 0.1 * math.log(1 - sigmoid(x)) for x in REAL.tolist())
    fake = mean(-math.log(1 - sigmoid(x)) for x in FAKE.tolist())
    assert loss(real_label=0.9).discriminator(REAL, FAKE).item() == pytest.approx(smoothed + fake, rel=1e-5)
    assert loss(real_label=0.9).generator(FAKE) == loss().generator(FAKE)


def test_smoothed_discriminator_is_content_at_the_smoothed_answer():
    scores = torch.full((4,), math.log(0.9 / 0.1), requires_grad=True)
    NonSaturating(real_label=0.9).discriminator(scores, FAKE).backward()
    assert scores.grad.abs().max() < 1e-6


def test_least_squares_targets():
    loss = LeastSquares(fake_target=-1.0, real_target=1.0, generator_target=0.0)
    assert loss.discriminator(torch.ones(3), -torch.ones(3)) == 0
    assert loss.generator(torch.full((3,), 2.0)) == 2
    assert LeastSquares(real_target=0.9).discriminator(torch.full((2,), 0.9), torch.zeros(2)) == 0


@pytest.mark.parametrize("loss", ALL)
def test_gradients(loss):
    torch.manual_seed(0)
    real = (torch.randn(2, 1, 3, 2, dtype=torch.float64) * 3).requires_grad_()
    fake = (torch.randn(2, 1, 3, 2, dtype=torch.float64) * 3).requires_grad_()
    made = loss()
    assert torch.autograd.gradcheck(made.discriminator, (real, fake))
    assert torch.autograd.gradcheck(made.generator, (fake, real))
    assert torch.autograd.gradgradcheck(made.discriminator, (real, fake))


@pytest.mark.parametrize("loss", MONOTONE)
def test_each_player_wants_what_it_should(loss):
    real, fake = torch.linspace(-3, 3, 7).requires_grad_(), torch.linspace(2, -4, 7).requires_grad_()
    to_real, to_fake = torch.autograd.grad(loss().discriminator(real, fake), (real, fake))
    (wanted,) = torch.autograd.grad(loss().generator(fake, real), fake)
    assert (to_real <= 0).all() and to_real.min() < 0
    assert (to_fake >= 0).all() and to_fake.max() > 0
    assert (wanted < 0).all()


def test_least_squares_pulls_towards_its_targets():
    real, fake = torch.tensor([0.0, 2.0]).requires_grad_(), torch.tensor([-1.0, 3.0]).requires_grad_()
    to_real, to_fake = torch.autograd.grad(LeastSquares().discriminator(real, fake), (real, fake))
    assert to_real.sign().tolist() == [-1, 1] and to_fake.sign().tolist() == [-1, 1]


def test_only_the_minimax_generator_saturates():
    rejected = torch.full((1,), -12.0, requires_grad=True)
    (saturated,) = torch.autograd.grad(Minimax().generator(rejected), rejected)
    (strong,) = torch.autograd.grad(NonSaturating().generator(rejected), rejected)
    assert abs(saturated.item()) < 1e-4 and strong.item() == pytest.approx(-1, abs=1e-4)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_finite_at_extremes(loss, dtype, size):
    real = torch.full((3,), size, dtype=dtype, requires_grad=True)
    fake = torch.full((3,), -size, dtype=dtype, requires_grad=True)
    for value in (loss().discriminator(real, fake), loss().generator(fake, real)):
        assert value.dtype == torch.float32 and value.shape == () and value.isfinite()
        gradients = torch.autograd.grad(value, (real, fake), allow_unused=True)
        assert all(g.isfinite().all() for g in gradients if g is not None)


@pytest.mark.parametrize("loss", ALL)
def test_patch_scores_are_averaged(loss):
    assert torch.allclose(
        loss().discriminator(REAL.view(1, 1, 1, 3), FAKE.view(1, 1, 1, 3)), loss().discriminator(REAL, FAKE)
    )


def test_only_losses_that_compare_need_real_scores():
    comparing = [RelativisticPairing, RelativisticAverage, DualContrastive]
    assert [loss for loss in ALL if loss.needs_real] == comparing


def test_relativistic_pairing_ignores_what_both_share():
    loss = RelativisticPairing()
    assert torch.allclose(loss.discriminator(REAL + 7, FAKE + 7), loss.discriminator(REAL, FAKE), atol=1e-6)


def test_relativistic_pairing_explains_what_is_missing():
    with pytest.raises(
        FitError,
        match="loss/relativistic-pairing: the generator's loss needs real scores, but got none",
    ):
        RelativisticPairing().generator(FAKE)
    with pytest.raises(FitError, match=r"got shapes \(2,\) and \(3,\): give as many real as fake images"):
        RelativisticPairing().discriminator(FAKE, REAL[:2])


def test_dual_contrasts_take_batches_of_two_sizes_and_any_shape():
    real, fake = REAL.reshape(3, 1), FAKE[:2].reshape(1, 1, 1, 2)
    pulled = mean(math.log(1 + sum(math.exp(b - a) for b in FAKE[:2].tolist())) for a in REAL.tolist())
    pushed = mean(math.log(1 + sum(math.exp(b - a) for a in REAL.tolist())) for b in FAKE[:2].tolist())
    assert DualContrastive().discriminator(real, fake).item() == pytest.approx(pulled + pushed, rel=1e-5)
    with pytest.raises(FitError, match="needs real scores, but got none"):
        DualContrastive().generator(fake)
