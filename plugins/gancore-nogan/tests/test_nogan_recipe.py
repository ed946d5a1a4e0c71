"""The recipe: what each phase moves, its learning rates, and the turning point."""

import math
from copy import deepcopy
from typing import ClassVar

import numpy as np
import pytest
import torch
from gancore_nogan import NoGAN
from gancore_nogan.phases import Phases
from torch import nn

from gancore import Generator, create, fact, part
from gancore.data import Paired, open_data
from gancore.errors import FitError, MeasureError, UserError
from gancore.measure.score import Score, Value
from gancore.standard.averages import ExponentialAverage
from gancore.testing.stage import BATCH, Rows, drive, start
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun
from gancore.training.start import train

FACTS = {"image": (3, 8, 8), "source": (1, 8, 8)}
SMALL = {
    "generator": {"part": "resnet", "width": 2, "blocks": 1},
    "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "perceptual": {"extractor": {"part": "pixels", "size": 4}},
    "batch": BATCH,
}


@part("scripted")
class Scripted(Score):
    """Gives prepared values, one for each study."""

    values: ClassVar[list[float]] = []
    better: ClassVar[str] = "lower"

    def forward(self, study):
        return {"scripted": Value(self.values.pop(0), None, self.better)}


@part("normalized-translator", tags=["batch", "translator"])
class Normalized(Generator):
    """A translator with batch normalization and dropout."""

    source = fact(default=None)
    code_shape = (1, 8, 8)

    def build(self):
        self.layers = nn.Sequential(nn.Conv2d(1, 3, 1), nn.BatchNorm2d(3), nn.Dropout(0.5), nn.Tanh())

    def forward(self, code):
        return self.layers(code).float()


def built(**options):
    return NoGAN(**{**SMALL, **FACTS, **options})


def running(recipe, total=20, **how):
    """A run with steps of one image each, so that images are steps."""
    return TrainingRun(recipe, Rows(recipe, seed=0), batch=1, total=total, seed=0, **how)


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def moved(before, module):
    return any(not torch.equal(value, before[name]) for name, value in module.state_dict().items())


def phases_of(recipe, steps, **how):
    """Which networks each step moves: g, d or both."""
    run, found = running(recipe, **how), []
    for _ in range(steps):
        before = state(recipe.generator), state(recipe.discriminator)
        drive(run, 1)
        networks = zip("gd", before, (recipe.generator, recipe.discriminator), strict=True)
        found.append("".join(name for name, old, module in networks if moved(old, module)))
    return found, run


def test_the_released_settings():
    recipe = NoGAN()
    assert (recipe.generator_optimizer.lr * recipe.adversarial_lr) == pytest.approx(2e-5)
    assert (recipe.discriminator_optimizer.lr * recipe.adversarial_lr) == pytest.approx(5 * 2e-5)
    assert recipe.generator_optimizer.betas == recipe.discriminator_optimizer.betas == (0.0, 0.9)
    assert recipe.adversarial == pytest.approx(1 / 1.5) and not recipe.reads_source
    assert recipe.threshold == pytest.approx(2 * 0.65)


def test_each_phase_moves_its_networks():
    recipe = built(generator_share=0.3, discriminator_share=0.2, threshold=math.inf, checks=0)
    found, run = phases_of(recipe, 10, total=10)
    assert found == ["g"] * 3 + ["d"] * 2 + ["gd"] * 5
    assert run.take_log()["phase"] == pytest.approx((3 * 1 + 2 * 2 + 5 * 3) / 10)


def test_the_generator_learns_alone_by_the_two_distances():
    recipe = built(generator_share=0.5, discriminator_share=0.25, checks=0)
    run = running(recipe)
    drive(run, 1)
    log = run.take_log()
    assert {name for name in log if name.startswith("generator/")} == {
        "generator/pixel",
        "generator/perceptual",
        "generator/gradient",
    }


def test_the_frozen_generator_keeps_its_statistics_and_has_no_dropout():
    recipe = built(
        generator=Normalized(**FACTS), generator_share=0.1, discriminator_share=0.6, checks=0, batch=4
    )
    run = TrainingRun(recipe, Rows(recipe, seed=0), batch=4, total=80, seed=0)
    drive(run, 2)
    before, shown = state(recipe.generator), []
    recipe.discriminator.register_forward_hook(lambda module, given, scores: shown.append(given[0].clone()))
    drive(run, 1)
    assert not moved(before, recipe.generator) and recipe.generator.training
    source = Rows(recipe, seed=0)
    source.position = 8
    expected = recipe.generator.eval()(source.next(4)["source"])
    assert any(torch.allclose(image, expected) for image in shown)


def test_learning_rates_fall_by_half_a_cosine_and_stay_there():
    recipe = built(generator_share=0.4, discriminator_share=0.4, adversarial_lr=0.2, checks=0)
    run, found = running(recipe, total=20), []
    for _ in range(20):
        drive(run, 1)
        found.append([run.player_optimizers[name].lr_scale for name in ("generator", "discriminator")])
    half = [0.2 + 0.8 * (1 + math.cos(math.pi * step / 8)) / 2 for step in range(8)]
    assert found == [pytest.approx([rate, rate]) for rate in [*half, *half, *[0.2] * 4]]


def test_optimizers_start_anew_with_each_phase():
    recipe = built(generator_share=0.4, discriminator_share=0.3, threshold=math.inf, checks=0)
    run, steps = running(recipe, total=10), []
    for _ in range(9):
        drive(run, 1)
        taken = []
        for name in ("generator", "discriminator"):
            one = run.player_optimizers[name]
            kept = [int(one.optimizer.state[p]["step"]) for p in one.parameters if p in one.optimizer.state]
            taken.append(max(kept, default=0))
        steps.append(tuple(taken))
    assert steps == [(1, 0), (2, 0), (3, 0), (4, 0), (0, 1), (0, 2), (0, 3), (1, 1), (2, 2)]


def test_the_generator_waits_for_a_discriminator_that_is_behind():
    shares = {"generator_share": 0.1, "discriminator_share": 0.1, "checks": 0}
    found, run = phases_of(built(**shares, threshold=1e-6), 10, total=10)
    assert found[2:] == ["d"] * 8 and run.take_log()["generator/waits"] == 1
    found, run = phases_of(built(**shares, threshold=math.inf), 10, total=10)
    assert found[2:] == ["gd"] * 8 and run.take_log()["generator/waits"] == 0


def test_the_discriminator_is_watched_only_where_both_play():
    recipe = built(generator_share=0.4, discriminator_share=0.3, threshold=math.inf, checks=0)
    run, watched = running(recipe, total=10), []
    for _ in range(9):
        drive(run, 1)
        watched.append(bool(recipe.probes()))
    assert watched == [False] * 7 + [True] * 2


def scripted(values, better="lower", **options):
    """A recipe with one check a step, from the third step on, and one before it."""
    Scripted.values, Scripted.better = list(values), better
    shares = {"generator_share": 0.1, "discriminator_share": 0.1, "threshold": math.inf}
    return built(measure=Scripted(), checks=8, **shares, **options)


def test_the_weights_of_the_turning_point_are_the_product():
    # untrained, before the third step, and after each of the steps from there
    recipe = scripted([9.0, 5.0, 4.0, 3.0, 6.0, 3.5], patience=3)
    run, kept = running(recipe, total=10), []
    for _ in range(6):
        drive(run, 1)
        kept.append(state(recipe.generator))
    assert int(recipe.turning_point.at) == 4 and float(recipe.turning_point.best) == 3
    product = recipe.pipelines()["image"].generator
    assert not moved(kept[3], product) and moved(kept[5], product)
    assert recipe.done == ""
    Scripted.values = [3.0]
    drive(run, 1)
    assert "best after 4" in recipe.done and "in 3 checks since then never better" in recipe.done


def test_higher_values_may_be_better():
    recipe = scripted([0.1, 0.2, 0.5, 0.4], better="higher")
    drive(running(recipe, total=10), 4)
    assert float(recipe.turning_point.best) == -0.5 and int(recipe.turning_point.at) == 3


def test_before_the_first_check_the_product_is_the_average():
    recipe = scripted([9.0], average=ExponentialAverage())
    drive(running(recipe, total=10), 1)
    assert recipe.pipelines()["image"].generator is recipe.average.of("generator")


def test_without_patience_the_training_goes_on():
    recipe = scripted([9.0, 1.0, *[2.0] * 8], patience=0)
    drive(running(recipe, total=10), 10)
    assert recipe.done == "" and int(recipe.turning_point.at) == 2


def test_a_value_without_a_direction_is_refused_at_once():
    with pytest.raises(FitError, match=r"scripted of .* shows no turning point; give a measure such as"):
        drive(running(scripted([9.0], better="neither"), total=10), 1)


def test_the_log_has_the_curve():
    recipe = scripted([9.0, 5.0, 4.0])
    run = running(recipe, total=10)
    drive(run, 1)
    assert run.take_log()["held-out/scripted"] == 9
    drive(run, 1)
    run.take_log()
    drive(run, 1)
    log = run.take_log()
    assert log["held-out/scripted"] == pytest.approx((5 + 4) / 2)


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    color = rng.integers(0, 256, (24, 8, 8, 3), dtype=np.uint8)
    gray = color.mean(3, keepdims=True).astype(np.uint8)
    return Paired(open_data(gray, layout="NHWC"), open_data(color, layout="NHWC"))


def test_a_training_ends_at_its_turning_point_and_says_so(pairs, tmp_path):
    recipe = NoGAN(
        **SMALL, measure=Scripted(), generator_share=0.2, discriminator_share=0.2, checks=6, patience=2
    )
    Scripted.values, Scripted.better = [9.0, 5.0, 4.0, 4.5, 6.0, 1.0], "lower"
    training = train(
        recipe, pairs, images=40, batch=4, hold_out=8, evaluate_every=0, threads=1, output=tmp_path / "run"
    )
    assert training.images == 28 and Scripted.values == [1.0]
    (said,) = [line["text"] for line in training.run_folder.log.of("warning")]
    assert said.startswith("ended after 28 of 40 images: held-out images were best after 20, and in 2 checks")
    product = training.run_folder.pipeline().generator
    assert not moved(state(recipe.kept.of("generator")), product)


def test_the_measure_reads_held_out_pairs(pairs, tmp_path):
    seen = []

    class Reading(Scripted):
        def forward(self, study):
            seen.append(study.reference.rows(torch.arange(len(study.reference))))
            return {"reading": Value(1.0, None, "lower")}

    recipe = NoGAN(**SMALL, generator_share=0.2, discriminator_share=0.2, checks=2)
    recipe.measure = Reading()
    train(recipe, pairs, images=40, batch=4, hold_out=8, evaluate_every=0, threads=1, output=tmp_path / "run")
    unseen = pairs.split(8)[1].rows(np.arange(8))["target"]
    assert len(seen) > 2 and all(torch.allclose(images, unseen, atol=1e-6) for images in seen)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"generator_share": 0.7, "discriminator_share": 0.3}, "leave nothing for the adversarial phase"),
        ({"adversarial": 0.0}, "the discriminator would never be asked"),
    ],
)
def test_what_would_never_begin_is_refused_at_assembly(options, said):
    with pytest.raises(FitError, match=said):
        built(**options)


def test_a_training_too_short_for_its_phases_is_refused_before_it_begins():
    with pytest.raises(UserError, match="the adversarial phase never begins: it lies between 19 and 20"):
        recipe = built(checks=0)
        drive(TrainingRun(recipe, Rows(recipe, seed=0), batch=4, total=20), 1)


def test_too_few_pairs_for_the_measure_are_refused_before_it_begins():
    recipe = built(measure="pairs", check_images=4, generator_share=0.5, discriminator_share=0.2)
    with pytest.raises(MeasureError, match="MAE"):
        drive(running(recipe), 1)


def test_a_longer_training_does_not_go_back():
    recipe = built(generator_share=0.1, discriminator_share=0.1, threshold=math.inf, checks=0)
    drive(running(recipe, total=10), 3)
    longer = running(recipe, total=1000)
    longer.images = 3
    before = state(recipe.discriminator)
    drive(longer, 1)
    assert moved(before, recipe.discriminator) and int(recipe.phase) == 2


@pytest.mark.parametrize("stop", range(1, 7))
def test_a_resumed_training_ends_with_the_same_bits(stop, tmp_path):
    options = {
        "generator_share": 0.2,
        "discriminator_share": 0.2,
        "checks": 3,
        "check_images": 8,
        "average": "exponential",
    }
    whole = running(built(**options), total=10)
    drive(whole, stop)
    saved = save_checkpoint(whole, tmp_path, seconds=0.0, keep=1)
    resumed = running(built(**options), total=10)
    load_checkpoint(resumed, saved)
    for run in (whole, resumed):
        drive(run, 8 - stop)
    ours, theirs = resumed.recipe.state_dict(), whole.recipe.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for name, optimizer in whole.player_optimizers.items():
        mine = resumed.player_optimizers[name].state()[0]
        assert all(torch.equal(value, mine[key]) for key, value in optimizer.state()[0].items())


def test_micro_batches_equal_the_whole_in_every_phase():
    def trained(micro_batch):
        sgd = {f"{name}_optimizer": {"part": "sgd", "lr": 0.01} for name in ("generator", "discriminator")}
        recipe = built(
            generator_share=0.2, discriminator_share=0.2, checks=2, threshold=math.inf, **sgd
        ).double()
        run = TrainingRun(
            recipe, Rows(recipe, seed=0), batch=4, total=40, micro_batch=micro_batch, exact=True
        )
        drive(run, 8)
        return recipe.state_dict()

    whole, pieces = trained(None), trained(2)
    for name, value in whole.items():
        assert torch.allclose(value.double(), pieces[name].double(), rtol=0, atol=1e-8), name


def test_it_takes_the_parts_of_the_two_player_game(tmp_path):
    more = {"augment": "diffaugment", "regularizers": ["r1"], "average": "exponential", "reads_source": True}
    recipe = built(**more, generator_share=0.1, discriminator_share=0.1, threshold=math.inf, checks=0)
    run = running(recipe, total=10)
    drive(run, 4)
    assert "discriminator/r1" in run.take_log()


def test_it_is_a_default_start():
    recipe = built(generator_share=1 / 16, discriminator_share=1 / 16)
    run = start(deepcopy(recipe))
    drive(run, 3)
    assert isinstance(recipe.kept, ExponentialAverage) and run.recipe.turning_point.begun


@pytest.mark.parametrize(
    ("name", "translator"), [("nogan-small", "generator/unet"), ("colorize-small", "generator/recolored")]
)
def test_the_small_presets_are_small_and_take_every_phase(name, translator):
    recipe = create(name, image=(3, 32, 32), source=(1, 32, 32))
    assert recipe.generator.qualified_name == translator
    assert sum(p.numel() for p in recipe.generator.parameters()) < 5_000_000
    assert recipe.generator_optimizer.lr * recipe.adversarial_lr == pytest.approx(1e-4)
    Phases(30_000, recipe.generator_share, recipe.discriminator_share).check(recipe.batch_size)
