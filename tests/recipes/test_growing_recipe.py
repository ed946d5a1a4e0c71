import math

import pytest
import torch
from small import SmallDiscriminator, SmallGenerator

from gancore import GrowingGAN, TwoPlayerGAN, fact, part
from gancore.component.specs import build
from gancore.errors import FitError, SpecError
from gancore.nn.growing import Growing, level_of
from gancore.recipes.growing import looked_up, phases
from gancore.training.run import TrainingRun

IMAGE = (3, 16, 16)


@part("small-growing")
class SmallGrowingGenerator(SmallGenerator, Growing):
    """Grows in name alone."""

    starting_size: int = fact(default=0)

    def build(self):
        super().build()
        self.start_growing(2, level_of(self.starting_size, min(self.image[1:]), 2))


class Noise:
    position = 0

    def next(self, n):
        self.asked = n
        return {"image": torch.rand(n, *IMAGE) * 2 - 1}


def game(**options):
    return GrowingGAN(
        image=IMAGE,
        generator=SmallGrowingGenerator(),
        discriminator=SmallDiscriminator(),
        **{
            "stabilize": 8,
            "fade": 16,
            "batch": 8,
            "batches": [[8, 4], [16, 2]],
            "rates": [[8, 2.0], [16, 3.0]],
            **options,
        },
    )


def begin(recipe, total=0, **how):
    return TrainingRun(recipe, Noise(), total=total, **how)


def test_the_schedule_is_that_of_the_paper():
    assert [phases(images, 8, 16) for images in (0, 8, 12, 24, 31, 32, 40)] == [0, 0, 0.25, 1, 1, 1, 1.5]
    assert [phases(images, 4, 0) for images in (0, 3, 4, 9)] == [0, 0, 1, 2]
    assert phases(0, 0, 0) == math.inf
    recipe = game()
    assert [recipe.planned(images, 0) for images in (0, 16, 24, 40, 48, 1000)] == [0, 0.5, 1, 1.5, 2, 2]
    assert game(starting_size=8).planned(16, 0) == 1.5
    assert game(starting_size=16).planned(0, 0) == 2
    with pytest.raises(
        FitError, match="starts with images of 99 pixels, but these are 16×16, so that nothing"
    ):
        game(starting_size=99)


@pytest.mark.parametrize(("total", "scale"), [(96, 1), (1000, 1), (48, 2), (24, 4)])
def test_a_short_training_shrinks_it_so_that_half_is_spent_at_the_full_size(total, scale):
    recipe = game()
    assert recipe.planned(total / 2, total) == pytest.approx(2) or scale == 1
    assert recipe.planned(16 / scale, total) == pytest.approx(0.5)
    assert game(grown_by=0.0).planned(0, total) == 2


def test_batches_and_rates_go_by_the_newest_size():
    recipe = game()
    assert recipe.batch_size == 2 and [recipe.batch_at(level) for level in range(3)] == [8, 4, 2]
    run = begin(recipe)
    seen = []
    while run.images < 60:
        images = run.images
        recipe.step(run)
        seen.append(
            (
                images,
                recipe.stage,
                run.source.asked,
                run.player_optimizers["generator"].lr_scale,
                run.player_optimizers["discriminator"].lr_scale,
            )
        )
    assert seen[:3] == [(0, 0.0, 8, 1.0, 1.0), (8, 0.0, 8, 1.0, 1.0), (16, 0.5, 4, 2.0, 2.0)]
    assert seen[-1][1:] == (2.0, 2, 3.0, 3.0)


def test_a_batch_of_the_run_is_that_of_the_full_size():
    recipe = game()
    run = begin(recipe, batch=3)
    recipe.step(run)
    assert run.images == run.source.asked == 12


def test_real_images_are_as_coarse_as_the_stage():
    recipe = game()
    real = recipe.real_batch(begin(recipe)).image
    assert torch.equal(real, real[:, :, ::4, ::4].repeat_interleave(4, 2).repeat_interleave(4, 3))


def test_optimizers_start_afresh_when_a_size_begins_and_when_it_is_whole():
    recipe = game()
    run, restarts = begin(recipe), []
    run.restart = lambda player: restarts.append((run.images, player))
    while run.images < 60:
        recipe.step(run)
    images = [16, 24, 36, 48]
    assert restarts == [(image, player) for image in images for player in ("discriminator", "generator")]


def test_the_learning_rate_follows_and_an_optimizer_is_really_fresh():
    recipe = game(rates=[[8, 2.0]])
    run = begin(recipe)
    for _ in range(3):
        recipe.step(run)
    optimizer = run.player_optimizers["generator"].optimizer
    assert [group["lr"] for group in optimizer.param_groups] == [4e-4]
    assert all(float(state["step"]) == 1 for state in optimizer.state.values())


def test_a_longer_training_goes_back_to_no_smaller_size():
    recipe = game()
    run = begin(recipe, total=24)
    while run.images < 24:
        recipe.step(run)
    assert recipe.stage == 2
    run.total = 1000
    recipe.step(run)
    assert recipe.stage == 2


def test_the_average_follows_the_stage():
    recipe = game()
    run = begin(recipe)
    assert float(recipe.average.of("generator").stage) == 0
    for _ in range(3):
        recipe.step(run)
    assert float(recipe.average.of("generator").stage) == recipe.stage == 0.5


def test_something_must_grow_and_alike():
    with pytest.raises(
        FitError,
        match="neither generator/small nor discriminator/small grows; use networks that do, such as gener",
    ):
        GrowingGAN(image=IMAGE, generator=SmallGenerator(), discriminator=SmallDiscriminator())

    @part("small-growing")
    class Other(SmallDiscriminator, Growing):
        """Thinks that there are three doublings."""

        def build(self):
            super().build()
            self.start_growing(3, 0)

    with pytest.raises(
        FitError,
        match=r"small-growing doubles its smallest map 2 times, discriminator/small-growing 3 times; "
        r"use networks",
    ):
        GrowingGAN(image=IMAGE, generator=SmallGrowingGenerator(), discriminator=Other())


def test_a_half_grown_network_is_refused_where_nothing_grows():
    grown = SmallGrowingGenerator(starting_size=8)
    with pytest.raises(
        FitError,
        match=r"small-growing has grown to 1 of 2 doublings, but recipe/two-player does not grow networks; "
        r"train it",
    ):
        TwoPlayerGAN(image=IMAGE, generator=grown, discriminator=SmallDiscriminator())
    whole = TwoPlayerGAN(image=IMAGE, generator=SmallGrowingGenerator(), discriminator=SmallDiscriminator())
    assert float(whole.generator.stage) == 2


WRONG = [
    [[8, 2], [4, 3]],
    [[8, 2], [8, 3]],
    [[8, 0]],
    [[8, math.nan]],
    [[8, math.inf]],
    [[8, "x"]],
    [8, 2],
    [[8]],
]


@pytest.mark.parametrize("table", WRONG)
def test_tables_by_size_rise(table):
    with pytest.raises(
        ValueError,
        match=r"rates must be pairs of a size and a number above 0, sizes rising, as \[\[8, 256\], \[16, "
        r"128\]\]; got",
    ):
        game(rates=table)


def test_a_spec_holds_the_tables():
    assert [looked_up(((8, 2.0), (16, 3.0)), size, 1.0) for size in (4, 8, 15, 16, 99)] == [1, 2, 2, 3, 3]
    with pytest.raises(SpecError, match="batches takes"):
        build({"part": "growing", "generator": "dcgan", "discriminator": "dcgan", "batches": "8"})
