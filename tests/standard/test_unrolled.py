"""The unrolled discriminator: numbers by hand, what it leaves behind, and trainings with it."""

import pytest
import torch
from gancore_dcgan import DCGAN
from torch import nn

from gancore.component.randomness import seeded
from gancore.component.scored import Scored
from gancore.standard import Unrolled
from gancore.testing import recipes
from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration, Trial


def game(weight, real, fake):
    """D(x) = w x on numbers."""
    critic = nn.Linear(1, 1, bias=False)
    nn.init.constant_(critic.weight, weight)
    fake = torch.tensor([[fake]], requires_grad=True)
    record = {"discriminator": critic}
    return (
        critic,
        Scored(lambda: fake, critic, **record),
        Scored(lambda: torch.tensor([[real]]), critic, **record),
    )


@pytest.mark.parametrize("steps", [1, 3])
def test_the_gradient_goes_through_the_steps_of_the_discriminator(steps):
    """L_D = w (x - r), so w^K = w - K η (x - r); L_G = -w^K x has the slope -w + K η (2 x - r) in x."""
    critic, fake, real = game(weight=0.5, real=2.0, fake=3.0)
    loss = Unrolled(steps=steps, rate=0.1, loss="wasserstein")(None, fake, real)
    assert loss.item() == pytest.approx(-(0.5 - steps * 0.1 * (3 - 2)) * 3)
    loss.backward()
    assert fake.image.grad.item() == pytest.approx(-0.5 + steps * 0.1 * (2 * 3 - 2))
    assert critic.weight.item() == 0.5 and critic.weight.grad is None and critic.weight.requires_grad


def test_a_step_descends_the_loss_of_the_discriminator():
    """Non-saturating: each step adds η (σ(-w r) r - σ(w x) x) to w."""
    _, fake, real = game(weight=0.5, real=2.0, fake=3.0)
    weight = torch.tensor(0.5)
    for _ in range(2):
        weight = weight + 0.2 * (torch.sigmoid(-weight * 2) * 2 - torch.sigmoid(weight * 3) * 3)
    found = Unrolled(steps=2, rate=0.2)(None, fake, real)
    assert found.item() == pytest.approx(nn.functional.softplus(-weight * 3).item(), rel=1e-5)


def test_a_frozen_discriminator_is_unrolled_and_a_loss_that_compares_gets_real_scores():
    critic, fake, real = game(weight=0.5, real=2.0, fake=3.0)
    critic.requires_grad_(False)
    found = Unrolled(steps=1, rate=0.1, loss="relativistic-pairing")(None, fake, real)
    weight = 0.5 + 0.1 * torch.sigmoid(torch.tensor(0.5 * (3.0 - 2))).item() * (2 - 3)
    assert found.item() == pytest.approx(
        nn.functional.softplus(torch.tensor(weight * (2.0 - 3))).item(), rel=1e-5
    )
    assert not critic.weight.requires_grad


OPTIONS = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
    "loss": {"part": "weighted", "generator_weight": 0.0},
    "generator_regularizers": [{"part": "unrolled", "steps": 2}],
}
CONFIGURATION = Configuration(DCGAN, OPTIONS, {"image": (3, 16, 16)})


@pytest.mark.parametrize(
    "check", [recipes.resumes_to_the_same_bits, recipes.an_update_moves_its_player_alone]
)
def test_it_keeps_the_promises_of_a_recipe(check):
    with seeded(0):
        check(Trial(CONFIGURATION, n=4))


def test_each_micro_batch_unrolls_by_itself():
    whole, pieces = gradients_of(CONFIGURATION, 3), gradients_of(CONFIGURATION, 3, micro_batch=2)
    mine = [name for name in whole if "of generator" in name]
    assert mine and not all(torch.allclose(whole[name], pieces[name], rtol=0, atol=1e-12) for name in mine)
