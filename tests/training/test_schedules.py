"""Options that change while training: what is given, what is refused, and where the values arrive."""

import math

import pytest
import torch
from small import MeanConditioner, SmallDiscriminator, SmallGenerator, Source, know_small_parts

import gancore
from gancore.component.discovery import registry
from gancore.component.part import field, part
from gancore.component.scheduled import advance
from gancore.component.specs import assign, build, from_toml, spec, to_toml
from gancore.errors import FitError, SpecError
from gancore.pipeline import Pipeline
from gancore.recipes.beginnings import check_schedules_begin
from gancore.recipes.gan import TwoPlayerGAN
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1
from gancore.standard.schedules import Constant, Cosine, Exponential, Linear, Piecewise, WarmUp
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun

know_small_parts()


def game(**fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": (3, 4, 4)}
    return TwoPlayerGAN(**{**own, **fields})


def run_of(recipe, *, batch=8, total=80):
    recipe.bind(seed=1)
    return TrainingRun(recipe, Source(), batch=batch, total=total)


def steps(run, n):
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return run


GAMMA = {"part": "cosine", "start": 2.0, "end": 0.2, "over": 40}


# what is given


def test_a_schedule_stands_in_place_of_a_number():
    penalty = R1(gamma=Cosine(start=2.0, end=0.2, over=40))
    assert penalty.gamma == 2.0
    for images, value in ((0, 2.0), (20, 1.1), (40, 0.2), (1000, 0.2)):
        advance(penalty, images, 0)
        assert penalty.gamma == pytest.approx(value)
    assert list(penalty.state_dict()) == [] and dict(penalty.named_children()) == {}


def test_specs_hold_the_schedule_and_products_the_present_value():
    penalty = build({"part": "r1", "gamma": GAMMA}, "discriminator-regularizer")
    advance(penalty, 40, 0)
    table = spec(penalty)
    assert table["gamma"]["part"].endswith("cosine") and table["gamma"]["end"] == 0.2
    text = from_toml(to_toml(table))
    assert text.pop("gancore") and spec(build(text, "discriminator-regularizer")) == table
    assert spec(penalty, complete=True)["gamma"] == pytest.approx(0.2)


def test_a_path_leads_to_the_schedule():
    table = {"part": "dcgan", "regularizers": ["r1"]}
    assign(table, "regularizers.0.gamma", '{part="cosine", start=2.0, end=0.2, over=20_000_000}')
    assign(table, "regularizers.0.gamma.end", "0.5")
    gamma = build(table).regularizers[0].scheduled["gamma"]
    assert (gamma.start, gamma.end, gamma.over) == (2.0, 0.5, 20_000_000)


def test_create_takes_schedules_by_path():
    made = gancore.create("dcgan", {"discriminator_optimizer.betas.1": GAMMA | {"start": 0.9, "end": 0.99}})
    assert made.discriminator_optimizer.betas == (0.5, 0.9)
    assert spec(made)["discriminator_optimizer"]["betas"][1]["end"] == 0.99


def test_a_derived_option_gives_way_to_a_schedule_and_may_be_one():
    @part("derives")
    class Derives(R1):
        derived = {"gamma": lambda every: {"part": "linear", "start": float(every), "end": 0.0, "over": 10}}

    derives = Derives(every=4)
    assert derives.gamma == 4.0
    advance(derives, 5, 0)
    assert derives.gamma == 2.0
    assert Derives(gamma=Constant(value=10.0)).gamma == 10.0, "it is the default, yet it was given"


# what is refused


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: R1(gamma=Linear(end=-1.0)),
            "gamma must be a number, at least 0; got -1.0 from its schedule",
        ),
        (lambda: Adam(betas=(0.5, Linear(end=0.9))), "betas must be two numbers"),
        (lambda: ExponentialAverage(ramp_up=Linear(warm_up=5)), "ramp_up must be a number above 0; got 0"),
    ],
)
def test_both_ends_are_checked(make, text):
    with pytest.raises(ValueError, match=text.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ({"regularizers": [{"part": "r1", "every": GAMMA}]}, "regularizers.0.every takes no schedule"),
        ({"regularizers": [{"part": "r1", "gamma": {"part": "cosin"}}]}, "cosin"),
        ({"regularizers": [{"part": "r1", "gamma": {**GAMMA, "end": -1}}]}, "gamma must be a number"),
        ({"batch": GAMMA}, "batch takes no schedule"),
        ({"generator": {"part": "dcgan", "width": GAMMA}}, "width takes no schedule"),
        ({"discriminator": {"part": "patchgan", "width": {"part": "hinge"}}}, "takes no schedule"),
    ],
)
def test_a_wrong_table_is_refused_with_its_path(table, text):
    with pytest.raises((SpecError, gancore.errors.UserError), match=text):
        build({"part": "dcgan", **table})


def test_an_option_that_decides_layers_is_refused():
    @part("layers-of")
    class LayersOf(SmallDiscriminator):
        slope: float = field(default=0.2)

        def build(self):
            super().build()
            self.activation = torch.nn.LeakyReLU(self.slope)

    with pytest.raises(
        SpecError, match="slope of discriminator/layers-of takes no schedule: it is read once"
    ):
        LayersOf(slope=Linear(), image=(3, 4, 4))
    assert LayersOf(image=(3, 4, 4)).slope == 0.2


def test_a_schedule_that_leaves_its_extremes_is_caught_at_the_step():
    @part("leaves")
    class Leaves(Constant):
        def forward(self, images, total):
            return -1.0 if images == 24 else 1.0

    run = run_of(game(regularizers=[R1(gamma=Leaves())]))
    steps(run, 2)
    with pytest.raises(SpecError, match="regularizer/r1: gamma must be a number, at least 0; got -1"):
        steps(run, 1)


def test_scheduled_steps_and_lazy_penalties_do_not_go_together():
    with pytest.raises(FitError, match="set its every = 1"):
        game(discriminator_steps=Piecewise(points=((0, 2),)), regularizers=[R1(every=4)])


# where values arrive


def test_values_depend_on_the_images_alone():
    run = run_of(game(regularizers=[R1(gamma=Linear(start=8.0, end=0.0))]))
    penalty = run.recipe.regularizers[0]
    assert penalty.gamma == 8.0
    steps(run, 5)
    assert run.images == 40 and penalty.gamma == 4.0
    assert run.take_log()["schedule/regularizers.0.gamma"] == 4.0
    assert run.take_log() == {}, "a report without news"
    run.images = 80
    assert penalty.gamma == 0.0


def test_an_optimizer_at_work_gets_new_betas_and_rates():
    optimizer = Adam(lr=Linear(start=1.0, end=0.5), betas=(0.5, Linear(start=0.9, end=0.99)))
    run = run_of(game(discriminator_optimizer=optimizer, regularizers=[R1(every=4)]))
    at_work = run.player_optimizers["discriminator"].optimizer
    steps(run, 5)
    assert run.player_optimizers["discriminator"].optimizer is at_work
    group = at_work.param_groups[0]
    assert group["lr"] == pytest.approx(0.75 * 0.8)
    assert group["betas"] == pytest.approx((0.5**0.8, 0.945**0.8))
    assert at_work.state[group["params"][0]]["step"] == 7, "five updates and two lazy ones"
    assert run.take_log()["schedule/discriminator_optimizer.betas.1"] == pytest.approx(0.945)


def test_a_constant_schedule_trains_to_the_same_bits():
    plain = steps(
        run_of(game(regularizers=[R1(gamma=3.0, every=2)], discriminator_optimizer=Adam(lr=0.1))), 3
    )
    optimizer = Adam(lr=Constant(value=0.1))
    same = steps(
        run_of(
            game(regularizers=[R1(gamma=Constant(value=3.0), every=2)], discriminator_optimizer=optimizer)
        ),
        3,
    )
    for name, value in plain.recipe.state_dict().items():
        assert torch.equal(value, same.recipe.state_dict()[name]), name


def test_the_average_and_its_copies_follow():
    @part("warm")
    class Warm(MeanConditioner):
        temperature: float = field(default=1.0)

        def forward(self, latent, label=None):
            return super().forward(latent * self.temperature, label)

    run = run_of(
        game(
            conditioner=Warm(temperature=Linear(start=1.0, end=0.0)),
            average=ExponentialAverage(half_life=Linear(start=100.0, end=0.0)),
        )
    )
    steps(run, 5)
    assert run.recipe.average.half_life == 50.0
    assert run.recipe.average.of("conditioner").temperature == 0.5
    assert set(run.take_log()) >= {"schedule/conditioner.temperature", "schedule/average.half_life"}


def test_a_saved_pipeline_keeps_the_value_it_was_saved_with(tmp_path):
    recipe = game(generator=SmallGenerator(noise=Linear(start=1.0, end=0.0)))
    run = steps(run_of(recipe), 5)
    run.recipe.pipelines()["image"].save(tmp_path / "pipeline")
    loaded = Pipeline.load(tmp_path / "pipeline")
    assert loaded.generator.noise == 0.5 and not loaded.generator.scheduled
    assert torch.equal(loaded.sample(4, seed=1), run.recipe.pipelines()["image"].sample(4, seed=1))


def test_the_pipeline_of_a_checkpoint_has_the_values_of_that_moment(tmp_path):
    recipe = TwoPlayerGAN(
        generator=SmallGenerator(noise=Linear(start=1.0, end=0.0)), discriminator=SmallDiscriminator()
    )
    how = {"images": 64, "batch": 16, "checkpoint_every": 16, "keep": 9, "evaluate_every": 0}
    training = gancore.train(recipe, "emoji", output=tmp_path / "run", **how)
    checkpoints = sorted((training.folder / "checkpoints").iterdir())
    assert [gancore.load(path).generator.noise for path in checkpoints] == [0.75, 0.5, 0.25, 0.0]
    report = (training.folder / "report.html").read_text(encoding="utf-8")
    assert "generator.noise" in report and '"schedule"' in report


def test_steps_of_the_discriminator_follow_a_schedule_of_whole_numbers():
    wgan = Piecewise(
        between="constant", repeat=200, points=[[0, 10], [160, 5], [320, 10], [400, 5], [520, 10]]
    )
    run = run_of(game(discriminator_steps=wgan), total=0)
    seen = []
    for _ in range(16):
        before = run.images
        steps(run, 1)
        seen.append((run.images - before) // 8)
    assert seen == [10, 10, 5, 5, 5, 5, 10, 5, 5, 5, 10, 5, 5, 5, 10, 5]
    assert seen[:2] == [10, 10] and set(seen) == {5, 10} and isinstance(run.recipe.discriminator_steps, int)


def test_a_loss_sees_the_present_value():
    losses = []

    class Watched(NonSaturating):
        def discriminator(self, real, fake):
            losses.append(self.real_label)
            return super().discriminator(real, fake)

    run = run_of(game(loss=Watched(real_label=Linear(start=1.0, end=0.5))))
    steps(run, 3)
    assert losses == pytest.approx([0.95, 0.9, 0.85])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"generator_optimizer": Adam(lr=WarmUp(over=64))},
            "generator_optimizer.lr: schedule/warm-up begins after 64 images, but the training ends at 64",
        ),
        (
            {
                "discriminator_optimizer": Adam(
                    betas=(0.0, Linear(start=0.9, end=0.99, over=300, constant=0.5))
                )
            },
            "discriminator_optimizer.betas.1: schedule/linear begins after 150 images",
        ),
        (
            {"generator_optimizer": Adam(schedule=WarmUp(over=60, then=Linear(over=10, constant=0.5)))},
            "generator_optimizer.schedule: schedule/warm-up begins after 65 images",
        ),
    ],
)
def test_a_schedule_that_begins_after_the_training_is_refused(fields, said):
    recipe = game(**fields)
    with pytest.raises(FitError, match=said):
        check_schedules_begin(recipe, 64)
    check_schedules_begin(recipe, 1000)
    check_schedules_begin(recipe, 0)


def test_a_training_asks_whether_its_schedules_begin(tmp_path):
    table = {"generator.width": 2, "discriminator.width": 2, "generator_optimizer.lr": WarmUp(over=500)}
    with pytest.raises(FitError, match="begins after 500 images, but the training ends at 64; let it begin"):
        gancore.train(gancore.create("dcgan", table), "emoji", images=64, output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_those_that_say_nothing_of_it_begin_at_once():
    check_schedules_begin(
        game(average=ExponentialAverage(half_life=Piecewise(points=[(500, 1), (900, 2)]))), 64
    )
    check_schedules_begin(game(generator_optimizer=Adam(lr=Cosine(over=5000))), 64)


def test_what_is_repeated_lies_before_the_last_point():
    assert Piecewise(points=[(0, 1.0), (10, 2.0)], repeat=10)(15, 0) == 1.5
    with pytest.raises(FitError, match="repeats the 11 images before its last point, which is at 10; give"):
        Piecewise(points=[(0, 1.0), (10, 2.0)], repeat=11)


def test_a_resumed_run_ends_with_the_same_bits(tmp_path):
    def fresh():
        return run_of(
            game(
                regularizers=[R1(gamma=Cosine(start=2.0, end=0.2, over=50))],
                discriminator_optimizer=Adam(lr=0.01, betas=(0.0, Cosine(start=0.9, end=0.99))),
                discriminator_steps=Piecewise(points=[[0, 1], [24, 2]], between="constant"),
                generator_optimizer=SGD(lr=WarmUp(over=16, then=Cosine(start=0.1, end=0.01))),
                average=ExponentialAverage(half_life=Linear(start=1.0, end=30.0)),
            )
        )

    whole = steps(fresh(), 3)
    saved = save_checkpoint(whole, tmp_path, seconds=0.0, keep=1)
    resumed = fresh()
    load_checkpoint(resumed, saved)
    assert resumed.recipe.regularizers[0].gamma == whole.recipe.regularizers[0].gamma
    steps(whole, 3)
    steps(resumed, 3)
    assert resumed.images == whole.images
    for name, value in whole.recipe.state_dict().items():
        assert torch.equal(value, resumed.recipe.state_dict()[name]), name


TIMETABLE = """
gancore = 1
part = "two-player"
loss = "relativistic-pairing"

[generator]
part = "gancore-small:small"

[discriminator]
part = "gancore-small:small"

[[regularizers]]
part = "r1"
gamma = { part = "cosine", start = 2.0, end = 0.2, over = 40 }

[[regularizers]]
part = "r2"
gamma = { part = "cosine", start = 2.0, end = 0.2, over = 40 }

[augment]
part = "ada-fixed"
p = { part = "cosine", start = 0.0, end = 0.3, over = 40 }

[average]
part = "exponential"
half_life = { part = "cosine", start = 0, end = 500, over = 40 }

[generator_optimizer]
part = "adam"
lr = { part = "warm-up", over = 16, then = { part = "cosine", start = 2e-4, end = 5e-5, over = 24 } }
betas = [0.0, { part = "cosine", start = 0.9, end = 0.99, over = 40 }]
"""
"""Every number that R3GAN (arXiv:2501.05441) changes over its burn-in, and a warm-up."""


def test_a_whole_timetable_is_written_in_toml():
    recipe = build(from_toml(TIMETABLE))
    recipe.bind(facts={"image": (3, 4, 4)})
    run = steps(run_of(recipe, total=0), 5)
    assert (
        run.take_log().items()
        >= {
            "schedule/regularizers.0.gamma": 0.2,
            "schedule/regularizers.1.gamma": 0.2,
            "schedule/augment.p": 0.3,
            "schedule/average.half_life": 500.0,
            "schedule/generator_optimizer.lr": 5e-5,
            "schedule/generator_optimizer.betas.1": 0.99,
        }.items()
    )
    group = run.player_optimizers["generator"].optimizer.param_groups[0]
    assert (group["lr"], group["betas"]) == (5e-5, (0.0, 0.99))


def test_a_preset_gives_and_takes_schedules():
    preset = gancore.Preset(
        name="timed", base=R1, doc="R1 with a schedule.", options={"gamma": {**GAMMA, "over": 10}}
    )
    registry().add("gancore-timed", [], [preset])
    penalty = build("timed", "discriminator-regularizer")
    assert penalty.gamma == 2.0 and penalty.scheduled["gamma"].over == 10
    shorter = build({"part": "timed", "gamma": {"over": 5}}, "discriminator-regularizer")
    assert (shorter.scheduled["gamma"].over, shorter.scheduled["gamma"].end) == (5, 0.2)
    assert build({"part": "timed", "gamma": 3.0}, "discriminator-regularizer").gamma == 3.0


# the schedules themselves


def test_warm_up_leads_to_where_the_next_begins():
    schedule = WarmUp(over=100, then=Cosine(start=2.0, end=1.0, over=200))
    assert [schedule(i, 0) for i in (0, 50, 100)] == [0.0, 1.0, 2.0]
    assert schedule(200, 0) == pytest.approx(1.5) and schedule(300, 0) == 1.0
    assert WarmUp(over=100, then=Linear())(550, 1000) == 0.5
    assert set(schedule.extremes()) == {0.0, 1.0, 2.0}


def test_exponential_falls_by_a_factor_down_to_the_lowest():
    schedule = Exponential(factor=0.5, images=100, lowest=0.2)
    assert [schedule(i, 0) for i in (0, 100, 200, 300)] == [1.0, 0.5, 0.25, 0.2]
    assert schedule(50, 0) == pytest.approx(0.5**0.5) and schedule.extremes() == (0.2, 1.0)
    with pytest.raises(ValueError, match="factor must be a number above 0"):
        Exponential(factor=0.0)


def test_piecewise():
    points = [[10, 1.0], [20, 3.0], [40, 0.0]]
    assert [Piecewise(points=points)(i, 0) for i in (0, 10, 15, 20, 30, 40, 99)] == [1, 1, 2, 3, 1.5, 0, 0]
    steps_of = Piecewise(points=points, between="constant")
    assert [steps_of(i, 0) for i in (0, 19, 20, 39, 40)] == [1, 1, 3, 3, 0]
    assert Piecewise(points=points, between="cosine")(15, 0) == pytest.approx(2.0)
    again = Piecewise(points=points, repeat=20)
    assert [again(i, 0) for i in (39, 40, 50, 60, 70)] == pytest.approx([0.15, 3.0, 1.5, 3.0, 1.5])


@pytest.mark.parametrize("points", [[], [[1, 2], [1, 3]], [[1, 2, 3]], 5, [["a", 1]], [[0, math.inf]]])
def test_points_are_checked(points):
    with pytest.raises(ValueError, match="points must be pairs of images and a number"):
        Piecewise(points=points)


@pytest.mark.parametrize("cls", [Linear, Cosine])
def test_numbers_stay_between_the_ends(cls):
    schedule = cls(start=0.3, end=1.0, over=7)
    assert all(0.3 <= schedule(i, 0) <= 1.0 for i in range(20))


def test_an_older_spec_calls_the_end_final():
    assert build({"part": "linear", "constant": 0.5, "final": 0.2, "warm_up": 3}, "schedule").end == 0.2
