"""How p follows the scores, and what keeps it exact."""

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator, Source

from gancore import TwoPlayerGAN
from gancore.component.specs import build, spec
from gancore.component.weights import load_state
from gancore.errors import SpecError
from gancore.recipes.batches import LatentBatch
from gancore.standard.ada import ADA, ADAFixed
from gancore.standard.optimizers import SGD
from gancore.standard.regularizers import R1, R2
from gancore.training.run import TrainingRun


def update(part, *batches):
    """One update that saw these scores."""
    for scores in batches:
        part.observe(torch.tensor(scores))
    part.update_buffers()
    part.seen.clear()
    return part.p.item()


def test_p_rises_and_falls_by_images_over_speed():
    part = ADA(speed=100, interval=1)
    assert part.p == 0
    assert update(part, [1.0] * 10) == pytest.approx(0.1)
    assert update(part, [0.5] * 10, [2.0] * 15) == pytest.approx(0.35)
    assert update(part, [1.0] * 7 + [-1.0] * 3) == pytest.approx(0.25) and part.r.item() == pytest.approx(0.4)
    assert update(part, [-1.0] * 30) == 0


def test_the_published_pace():
    part = ADA()
    assert (part.target, part.speed, part.interval, part.categories) == (0.6, 500_000, 4, "bgc")
    assert [update(part, [1.0] * 64) for _ in range(3)] == [0, 0, 0]
    assert update(part, [1.0] * 64) == pytest.approx(4 * 64 / 500_000)


def test_an_interval_is_looked_at_as_a_whole():
    part = ADA(speed=100, interval=3, target=0.0)
    for scores in ([-1.0] * 4, [1.0] * 4, [1.0] * 4):
        update(part, scores)
    assert part.r.item() == pytest.approx(1 / 3) and part.p.item() == pytest.approx(0.12)
    assert (part.diagnostics, part.images, part.updates) == (0, 0, 0)


def test_updates_that_show_no_real_scores_count_for_nothing():
    part = ADA(speed=100, interval=2)
    update(part, [1.0] * 5)
    part.update_buffers()
    assert part.p == 0 and update(part, [1.0] * 5) == pytest.approx(0.1)


def test_on_target_p_stays():
    part = ADA(speed=10, interval=1, target=0.5)
    assert update(part, [1.0] * 3 + [-1.0]) == 0 and part.r == 0.5


def test_patches_are_parts_of_their_image():
    part = ADA(speed=100, interval=1, target=0.1)
    scores = torch.ones(4, 1, 2, 2)
    scores[0] = -1
    scores[1, 0, 0] = -1
    part.observe(scores)
    part.update_buffers()
    assert part.r.item() == pytest.approx((-1 + 0 + 1 + 1) / 4) and part.p.item() == pytest.approx(0.04)


def game(**changes):
    return TwoPlayerGAN(
        image=(3, 4, 4),
        generator=SmallGenerator(),
        discriminator=SmallDiscriminator(),
        generator_optimizer=SGD(lr=0.01),
        discriminator_optimizer=SGD(lr=0.01),
        **{"regularizers": [R1(gamma=0.1, every=2)], **changes},
    )


def trained(steps=3, micro_batch=None, **changes):
    recipe = game(augment=ADA(categories="bgcfnc", speed=40, interval=2), **changes).double()
    torch.nn.init.constant_(recipe.discriminator.last.bias, 5.0)  # all scores are positive
    run = TrainingRun(recipe, Source(dtype=torch.float64), batch=8, total=100, micro_batch=micro_batch)
    for _ in range(steps):
        recipe.step(run)
        run.step += 1
    return recipe, run


def test_in_a_game_p_moves_with_the_discriminator_and_is_reported():
    recipe, run = trained(steps=4)
    assert recipe.augment.p.item() == pytest.approx(4 * 8 / 40)
    logged = run.take_log()
    assert logged["augment/p"] == pytest.approx((0 + 0.4 + 0.4 + 0.8) / 4) and logged["augment/r"] == 0.75


def test_several_updates_of_the_discriminator_all_count():
    recipe, _ = trained(steps=2, discriminator_steps=2)
    assert recipe.augment.p.item() == pytest.approx(4 * 8 / 40)


@pytest.mark.parametrize("micro_batch", [2, 3])
def test_micro_batches_move_p_and_weights_as_the_whole_batch_does(micro_batch):
    whole, pieces = (trained(micro_batch=size)[0].state_dict() for size in (None, micro_batch))
    assert whole["augment.p"] > 0
    assert all(torch.allclose(whole[name], pieces[name], rtol=0, atol=1e-10) for name in whole)


def test_the_generator_learns_through_the_transforms():
    torch.manual_seed(0)
    recipe = game(augment=ADAFixed(p=1.0, categories="bgcfnc"))
    terms = recipe.generator_terms(LatentBatch(torch.randn(4, 4)))
    terms["adversarial"].backward()
    assert recipe.generator.linear.weight.grad.abs().sum() > 0


def test_a_spec_holds_the_options_and_not_the_state():
    part = ADA(speed=1000, multipliers={"hue": 0.5})
    table = spec(part)
    assert (
        table["multipliers"] == {"hue": 0.5} and "p" not in table and spec(build(table, "augment")) == table
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"target": 2}, "target must be a number from -1 to 1; got 2"),
        ({"speed": 0}, "speed must be a number above 0; got 0"),
        ({"interval": 0}, "interval must be a whole number, at least 1; got 0"),
    ],
)
def test_wrong_words(table, text):
    with pytest.raises(SpecError) as error:
        build({"part": "ada", **table}, "augment")
    assert text in str(error.value)


def test_passes_of_a_lazy_penalty_count_in_r_and_not_in_p():
    """As in the released code: where R1 came once its signs count, but p moves by the images of updates."""
    part = ADA(speed=100, interval=2, target=0.0)
    update(part, [1.0] * 4)
    part.observe_again(torch.tensor([-1.0, -1.0, -1.0, 1.0]))
    part.update_buffers()
    part.seen_again.clear()
    assert (part.updates, part.images, part.repeats) == (1, 4, 4)
    assert update(part, [-1.0, 1.0, 1.0, 1.0]) == pytest.approx(0.08)
    assert part.r.item() == pytest.approx((4 - 2 + 2) / 12)
    assert not any((part.diagnostics, part.images, part.repeats, part.updates))


def seen_by_the_augmentation(**changes):
    """What a game shows its augmentation in three steps, by what it is shown as."""
    recipe = game(augment=ADA(), **changes)
    shown = {"observe": [], "observe_again": []}
    for name, rows in shown.items():
        object.__setattr__(recipe.augment, name, rows.append)
    run = TrainingRun(recipe, Source(), batch=8, total=100)
    for _ in range(3):
        recipe.step(run)
        run.step += 1
    return {name: [len(scores) for scores in rows] for name, rows in shown.items()}


def test_a_game_shows_the_passes_of_a_lazy_penalty_that_scores_real_images():
    assert seen_by_the_augmentation() == {"observe": [8] * 3, "observe_again": [8] * 2}
    assert seen_by_the_augmentation(regularizers=[R1(every=1)]) == {"observe": [8] * 3, "observe_again": []}
    assert seen_by_the_augmentation(regularizers=[R2(every=2)]) == {"observe": [8] * 3, "observe_again": []}


def test_an_older_state_has_no_repeats():
    part = ADA(interval=2)
    update(part, [1.0] * 4)
    load_state(part, {name: value for name, value in part.state_dict().items() if name != "repeats"})
    assert (part.diagnostics, part.images, part.repeats) == (4, 4, 0)
