"""The size of the batch over the images of a training."""

import pytest
import torch
from gancore_dcgan import DCGAN
from small import SmallDiscriminator, SmallGenerator, Source

from gancore import TwoPlayerGAN
from gancore.component.randomness import seeded
from gancore.standard import Linear
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun


def run_of(world=1, **fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": (3, 4, 4)}
    recipe = TwoPlayerGAN(**own, **fields)
    ranks = Ranks()
    ranks.world = world
    return TrainingRun(recipe, Source(), batch=16, total=160, ranks=ranks)


def sizes(run, steps):
    taken, asked = [], run.source.next
    run.source.next = lambda n: taken.append(n) or asked(n)
    for _ in range(steps):
        run.recipe.step(run)
        run.step += 1
    return taken


def test_the_batch_grows_with_the_images_seen():
    """A quarter of 16 at first, all from 48 images on: 0.25 + 0.75 · images / 48."""
    run = run_of(batch_fraction=Linear(start=0.25, end=1.0, over=48))
    expected, images = [], 0
    while images < 80:
        expected.append(round(16 * min(1, 0.25 + 0.75 * images / 48)))
        images += expected[-1]
    assert sizes(run, len(expected)) == expected and run.images == images
    assert expected[0] == 4 and expected[-1] == 16


def test_without_a_schedule_it_is_the_whole_batch_or_a_fixed_fraction():
    assert sizes(run_of(), 2) == [16, 16]
    assert sizes(run_of(batch_fraction=0.5), 2) == [8, 8]
    with pytest.raises(ValueError, match="batch_fraction must be a number above 0"):
        run_of(batch_fraction=0.0)


def test_processes_share_it_equally():
    run = run_of(world=4)
    assert [run.share(fraction) for fraction in (1.0, 0.6, 0.3, 0.01)] == [16, 8, 4, 4]


WARMING = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
    "batch_fraction": {"part": "linear", "start": 0.25, "end": 1.0, "over": 8},
}


def test_it_goes_on_with_the_same_bits():
    with seeded(0):
        recipes.resumes_to_the_same_bits(Trial(Configuration(DCGAN, WARMING, {"image": (3, 16, 16)}), n=4))


def test_averages_count_the_images_that_were_seen():
    run = run_of(batch_fraction=0.25, average={"part": "exponential", "half_life": 4.0, "ramp_up": 1e9})
    before = run.recipe.average.of("generator").linear.weight.clone()
    sizes(run, 1)
    expected = (before + run.recipe.generator.linear.weight) / 2  # 4 images are one half-life
    assert torch.allclose(run.recipe.average.of("generator").linear.weight, expected, atol=1e-7)
