"""What stands in a seat is asked in the first step, or the training is refused."""

import pytest
from small import SmallDiscriminator, SmallGenerator, Source

from gancore import TwoPlayerGAN, part
from gancore.errors import FitError
from gancore.standard import R1, Chain, Hinge, NoAugment, WeightClipping
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun


@part("own-terms")
class OwnTerms(TwoPlayerGAN):
    """Has terms of its own, without the seats'."""

    def discriminator_terms(self, batch, latents):
        real, fake = self.scored(batch, latents, [])
        return {"own": fake.scores.mean() - real.scores.mean(), "real": real.scores, "fake": fake.scores} | {
            name: value.detach() for name, value in (("real", real.scores), ("fake", fake.scores))
        }

    def generator_terms(self, latents, batch=None):
        return {"own": -self.scored(batch, latents, [])[1].scores.mean()}


@part("own-score")
class OwnScore(TwoPlayerGAN):
    """Scores without the augmentation."""

    def score(self, image, label):
        return self.discriminator(image, label)


@part("starts-later")
class StartsLater(OwnTerms):
    """Has a penalty from the second step on."""

    idle_at_first = frozenset({"regularizers"})


@part("no-constraints")
class NoConstraints(TwoPlayerGAN):
    """Has players without constraints."""

    def players(self):
        players = super().players()
        for player in players.values():
            player.constraints = []
        return players


def run_of(cls=TwoPlayerGAN, **fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": (3, 4, 4)}
    return TrainingRun(cls(**{**own, **fields}), Source(), batch=4, total=64)


@pytest.mark.parametrize(
    ("cls", "fields", "named"),
    [
        (
            OwnTerms,
            {"regularizers": [R1(), R1(every=2)]},
            r"/r1 \(seat regularizers.0\)",
        ),
        (OwnTerms, {"generator_regularizers": ["orthogonal"]}, r"\(seat generator_regularizers.0\)"),
        (OwnTerms, {"auxiliaries": ["zcr"]}, r"zcr .*\(discriminator and generator\)"),
        (OwnTerms, {"loss": Hinge()}, r"loss/hinge \(seat loss\)"),
        (OwnScore, {"augment": Chain()}, r"augment/chain \(seat augment\)"),
        (
            NoConstraints,
            {"constraints": [WeightClipping()]},
            r"/weight-clipping \(seat constraints.0\)",
        ),
    ],
)
def test_a_seat_that_the_user_filled_and_the_recipe_drops_is_refused(cls, fields, named):
    with pytest.raises(FitError, match=f"recipe/{cls.name} never asks .*{named}"):
        take_step(run_of(cls, **fields))


def test_what_is_asked_is_not_refused_and_nothing_stays_behind():
    run = run_of(
        regularizers=["lecam", R1(every=2)],
        generator_regularizers=["orthogonal"],
        auxiliaries=["zcr"],
        loss=Hinge(),
        augment=Chain(augments=["instance-noise"]),
        constraints=[WeightClipping()],
        generator_constraints=[WeightClipping()],
    )
    take_step(run)
    take_step(run)
    assert run.step == 2
    parts = [run.recipe.loss, run.recipe.augment, *run.recipe.regularizers, *run.recipe.auxiliaries]
    assert not any({"forward", "discriminator", "generator"} & set(vars(part)) for part in parts)


def test_defaults_may_be_left_out():
    take_step(run_of(OwnTerms))
    take_step(run_of(OwnScore, augment=NoAugment()))


def test_a_recipe_may_say_that_a_seat_starts_later():
    take_step(run_of(StartsLater, regularizers=[R1()]))


def test_a_resumed_run_is_not_asked_again():
    run = run_of(OwnTerms, regularizers=[R1()])
    run.step = 7
    take_step(run)
