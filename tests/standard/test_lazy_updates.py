"""What an optimizer corrects where a lazy penalty adds updates to those of the main loss."""

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source
from torch import nn

from gancore.recipes.gan import TwoPlayerGAN
from gancore.standard.optimizers import SGD, AdamW, RMSprop
from gancore.standard.regularizers import R1
from gancore.training.run import TrainingRun

LAZY = [SGD(lr=0.01), SGD(lr=0.01, momentum=0.5), SGD(lr=0.01, momentum=0.9), SGD(lr=0.01, weight_decay=0.01)]


def moved(part, gradients, rescale, start=0.0):
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = part.make([weight], rescale)
    for gradient in gradients:
        weight.grad = torch.full_like(weight, gradient)
        optimizer.step()
    return weight.item() - start


@pytest.mark.parametrize("part", LAZY, ids=["plain", "0.5", "0.9", "decay"])
@pytest.mark.parametrize("k", [1, 4, 16])
def test_sgd_moves_as_far_with_a_lazy_penalty_as_with_an_eager_one(part, k):
    main, penalty, steps = 0.3, 0.2, 1600
    eager = moved(part, [main + penalty] * steps, 1.0)
    lazy = moved(part, ([main] * k + [k * penalty]) * (steps // k), k / (k + 1))
    assert lazy == pytest.approx(eager, rel=4e-3)


def test_without_momentum_nothing_of_sgd_is_rescaled():
    assert SGD(lr=0.1).make([nn.Parameter(torch.ones(1))], 16 / 17).param_groups[0]["lr"] == 0.1
    total = sum([0.3] * 16 + [16 * 0.2])
    assert moved(SGD(lr=0.1), [0.3] * 16 + [16 * 0.2], 16 / 17) == pytest.approx(-0.1 * total, rel=1e-12)


@pytest.mark.parametrize("make", [SGD, RMSprop])
@pytest.mark.parametrize("momentum", [0.5, 0.9, 1.0])
def test_momentum_fades_as_fast_in_main_updates(make, momentum):
    group = make(lr=0.1, momentum=momentum).make([nn.Parameter(torch.ones(1))], 0.8).param_groups[0]
    assert group["momentum"] ** (5 / 4) == pytest.approx(momentum, rel=1e-12)
    rate = 0.1 if make is SGD else 0.08
    expected = rate / (1 - momentum) if momentum < 1 else None
    if expected:
        assert group["lr"] / (1 - group["momentum"]) == pytest.approx(expected, rel=1e-12)
    else:
        assert group["lr"] == pytest.approx(rate * 0.8)


def test_rmsprop_is_rescaled_as_adam_without_a_first_moment():
    c = 4 / 5
    group = RMSprop(lr=0.1, alpha=0.9).make([nn.Parameter(torch.ones(1))], c).param_groups[0]
    assert (group["lr"], group["alpha"], group["momentum"]) == pytest.approx((0.1 * c, 0.9**c, 0.0))
    eager, lazy = moved(RMSprop(lr=0.01), [1.0] * 4000, 1.0), moved(RMSprop(lr=0.01), [1.0] * 5000, c)
    assert lazy == pytest.approx(eager, rel=2e-3)


def test_the_weights_decay_as_much_with_lazy_updates_between():
    for part in (SGD(lr=0.01, weight_decay=0.1), AdamW(lr=0.01, weight_decay=0.1)):
        assert moved(part, [0.0] * 500, 0.8, 1.0) == pytest.approx(
            moved(part, [0.0] * 400, 1.0, 1.0), rel=1e-3
        )


@pytest.mark.parametrize(
    ("steps", "everies", "expected"),
    [(1, [16], 16 / 17), (5, [16], 80 / 81), (1, [1], 1.0), (2, [4, 8], 16 / 19)],
)
def test_the_share_of_main_updates_counts_each_of_the_discriminator(steps, everies, expected):
    recipe = TwoPlayerGAN(
        image=(1, 4, 4),
        generator=SmallGenerator(),
        discriminator=SmallDiscriminator(),
        discriminator_steps=steps,
        regularizers=[R1(every=every) for every in everies],
    )
    players = recipe.players()
    assert players["discriminator"].rescale == pytest.approx(expected, rel=1e-12)
    assert players["generator"].rescale == 1.0
    assert 16 * steps / updates_of_the_discriminator(recipe, 16) == pytest.approx(expected, rel=1e-12)


def updates_of_the_discriminator(recipe, steps):
    run, players = TrainingRun(recipe, Source(recipe.image), batch=2, total=1000), []
    update = run.update

    def counting(player, *rows, **options):
        players.append(player)
        return update(player, *rows, **options)

    run.update = counting
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return players.count("discriminator")
