import math

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source

from gancore import Player, TwoPlayerGAN
from gancore.errors import FactError, UserError
from gancore.standard.averages import ExponentialAverage
from gancore.standard.constraints import WeightClipping
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1, Drift
from gancore.standard.schedules import Linear
from gancore.training.run import TrainingRun

IMAGE = (3, 4, 4)


def game(**fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": IMAGE}
    return TwoPlayerGAN(**{**own, **fields})


def run_of(recipe, *, dtype=torch.float32, batch=8, **settings):
    recipe.bind(seed=1)
    recipe.to(dtype)
    return TrainingRun(recipe, Source(dtype=dtype), batch=batch, **{"total": 1000, **settings})


def steps(run, n):
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return run


# the verbs


def test_a_batch_holds_what_the_recipe_wants_and_moves_the_counts():
    run = run_of(game())
    run.source.next = lambda n, give=run.source.next: {
        **give(n),
        "label": torch.zeros(n),
        "else": torch.zeros(n),
    }
    assert set(run.batch()) == {"image"} and run.images == 8
    assert len(run.batch(3)["image"]) == 3 and run.images == 11
    assert run.source.position == 11


def test_draws_come_from_the_runs_generator_alone():
    one, other = run_of(game(), seed=3), run_of(game(), seed=3)
    torch.manual_seed(1)
    mine = one.draw(one.recipe.sampler)
    torch.manual_seed(2)
    assert torch.equal(mine, other.draw(other.recipe.sampler)) and mine.shape == (8, 4)
    assert not torch.equal(mine, one.draw(one.recipe.sampler))
    assert one.draw(one.recipe.sampler, 3).shape == (3, 4)


def test_every_counts_the_first_step():
    run = run_of(game())
    due = []
    for run.step in range(7):
        due.append(run.every(3))
    assert due == [True, False, False, True, False, False, True]


def test_restart_forgets_the_moments():
    run = steps(run_of(game()), 2)
    assert run.player_optimizers["generator"].state()[0]
    run.restart("generator")
    assert (
        not run.player_optimizers["generator"].state()[0]
        and run.player_optimizers["discriminator"].state()[0]
    )


def test_one_process_gathers_and_shares_itself():
    run, rows = run_of(game()), torch.randn(4, 2)
    assert (
        torch.equal(run.gather(rows), rows)
        and torch.equal(run.scatter(rows), rows)
        and torch.equal(run.sum(rows), rows)
    )


def test_the_log_holds_means_since_the_last_one():
    run = run_of(game())
    for value in (1.0, 2.0, 6.0):
        run.log(a=value)
    run.log(b=torch.tensor(4.0, requires_grad=True))
    assert run.take_log() == {"a": 3.0, "b": 4.0}
    assert run.take_log() == {}


def test_terms_are_logged_under_their_players_name():
    run = steps(run_of(game(regularizers=[R1(every=2)])), 3)
    names = {"adversarial", "r1", "real scores", "fake scores", "gradient"}
    assert set(run.take_log()) == {
        *(f"discriminator/{name}" for name in names),
        "generator/adversarial",
        "generator/gradient",
    }


# update


def test_rows_are_handed_back_detached_and_joined():
    run = run_of(game(), micro_batch=3)
    latent = torch.randn(8, 4)
    found = run.update(
        "generator",
        lambda z: {
            "mean": z.mean() + run.recipe.generator(z).mean(),
            "made": run.recipe.generator(z).detach(),
        },
        latent,
    )
    assert (
        found["made"].shape == (8, *IMAGE)
        and not found["made"].requires_grad
        and not found["mean"].requires_grad
    )


def test_rows_come_in_tables_and_tuples_and_may_be_absent():
    run = run_of(game(), micro_batch=2)
    seen = []

    def terms(table, pair, nothing):
        seen.append((len(table["a"]), len(pair[0]), pair[1], nothing))
        return {"mean": run.recipe.generator(table["a"]).mean()}

    run.update("generator", terms, {"a": torch.ones(5, 4)}, (torch.ones(5, 1), None), None)
    assert seen == [(2, 2, None, None), (2, 2, None, None), (1, 1, None, None)]


def test_rows_of_unlike_length_cannot_be_split():
    run = run_of(game(), micro_batch=2)
    with pytest.raises(
        UserError,
        match="an update got rows of 4 and 8 samples; micro-batches need the same number of each",
    ):
        run.update(
            "generator",
            lambda a, b: {"mean": run.recipe.generator(a).mean()},
            torch.ones(8, 4),
            torch.ones(4, 4),
        )


@pytest.mark.parametrize("micro", [1, 3, 5, 8, 100])
def test_micro_batches_add_up_to_the_whole(micro):
    def trained(micro_batch):
        moved = {"generator_optimizer": SGD(lr=0.1, momentum=0.9), "discriminator_optimizer": SGD(lr=0.1)}
        recipe = game(generator=SmallGenerator(noise=0.2), regularizers=[R1(every=2), Drift()], **moved)
        return steps(run_of(recipe, dtype=torch.float64, micro_batch=micro_batch), 5)

    whole, pieces = trained(None), trained(micro)
    for (name, mine), other in zip(
        whole.recipe.state_dict().items(), pieces.recipe.state_dict().values(), strict=True
    ):
        assert torch.allclose(mine, other, rtol=0, atol=1e-10), name
    for name, value in whole.take_log().items():
        assert value == pytest.approx(float(pieces.noted[name][0] / pieces.noted[name][1]), abs=1e-5)


def test_micro_batches_save_nothing_by_rounding_the_batch():
    sizes = []
    run = run_of(game(), batch=7, micro_batch=3)
    terms = run.recipe.generator_terms
    run.recipe.generator_terms = lambda rows, *rest: (sizes.append(len(rows.latent)), terms(rows, *rest))[1]
    steps(run, 2)
    assert sizes == [3, 3, 1] * 2 and run.images == 14


def test_a_scale_multiplies_the_gradient_and_not_the_log():
    def trained(scale):
        run = run_of(game(generator_optimizer=SGD(lr=1.0)))
        before = run.recipe.generator.linear.bias.detach().clone()
        run.update(
            "generator", lambda z: {"mean": run.recipe.generator(z).mean()}, torch.ones(4, 4), scale=scale
        )
        return before - run.recipe.generator.linear.bias.detach(), run.take_log()

    once, thrice = trained(1.0), trained(3.0)
    assert torch.allclose(3 * once[0], thrice[0], atol=1e-6) and once[1] == thrice[1]


def test_the_gradient_is_clipped_over_all_weights_of_the_player():
    run = run_of(game(generator_optimizer=SGD(lr=1.0, max_norm=0.5)))
    before = torch.cat([p.detach().flatten() for p in run.recipe.generator.parameters()])
    run.update("generator", lambda z: {"sum": run.recipe.generator(z).sum() * 100}, torch.ones(4, 4))
    moved = before - torch.cat([p.detach().flatten() for p in run.recipe.generator.parameters()])
    assert float(moved.norm()) == pytest.approx(0.5, rel=1e-3)


def test_a_small_gradient_is_not_clipped():
    def trained(norm):
        run = run_of(game(generator_optimizer=SGD(lr=1.0, max_norm=norm)))
        run.update("generator", lambda z: {"mean": run.recipe.generator(z).mean()}, torch.ones(4, 4))
        return run.recipe.generator.linear.bias.detach().clone()

    assert torch.equal(trained(1e9), trained(math.inf))


def test_constraints_hold_after_every_step():
    run = run_of(game(constraints=[WeightClipping(limit=0.01)]))
    for _ in range(3):
        steps(run, 1)
        assert all(p.abs().max() <= 0.01 for p in run.recipe.discriminator.parameters())
    assert any(p.abs().max() > 0.01 for p in run.recipe.generator.parameters())


def test_the_average_follows_the_generator_by_its_half_life():
    run = run_of(game(average=ExponentialAverage(half_life=8, ramp_up=math.inf)))
    copy = run.recipe.average.of("generator").linear.bias
    before = copy.clone()
    steps(run, 1)
    assert torch.allclose(copy, (before + run.recipe.generator.linear.bias) / 2, atol=1e-7)


def test_a_schedule_sees_the_images_of_the_run():
    run = run_of(game(generator_optimizer=SGD(lr=1.0, schedule=Linear())), batch=8, total=16)
    rates = []
    for _ in range(2):
        steps(run, 1)
        rates.append(run.player_optimizers["generator"].optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([Linear()(8, 16), Linear()(16, 16)]) and rates[0] > rates[1]


def test_a_player_without_optimizer_gathers_no_gradient():
    recipe = game()
    players = recipe.players()
    recipe.players = lambda: {**players, "generator": Player([recipe.generator], None)}
    run = run_of(recipe)
    before = recipe.generator.linear.bias.detach().clone()
    for _ in range(2):
        run.update("generator", lambda z: {"mean": recipe.generator(z).mean()}, torch.ones(2, 4))
    assert torch.equal(before, recipe.generator.linear.bias)


# wrong words


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"precision": "fp8"}, "precision is 'fp8'; known: float32, bf16"),
        ({"micro_batch": 0}, "micro_batch is 0; it must be at least 1"),
    ],
)
def test_wrong_settings_say_what_is_right(settings, text):
    with pytest.raises(UserError, match=text):
        run_of(game(), **settings)


def test_a_recipe_that_waits_for_its_facts_cannot_run():
    with pytest.raises(
        FactError,
        match="recipe/two-player waits for image: put it into a recipe that trains on data, "
        "or pass it in Python",
    ):
        TrainingRun(TwoPlayerGAN(generator=SmallGenerator(), discriminator=SmallDiscriminator()), Source())


def test_bf16_trains_and_keeps_float32_weights():
    run = steps(run_of(game(regularizers=[R1(every=2)], generator_optimizer=Adam()), precision="bf16"), 3)
    assert {p.dtype for p in run.recipe.parameters()} == {torch.float32}
    assert all(math.isfinite(v) for v in run.take_log().values())
