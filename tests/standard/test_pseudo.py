"""Generated images shown as real ones: which, how often, and with which labels."""

import pytest
import torch
from gancore_dcgan import DCGAN
from small import LabeledDiscriminator, SmallDiscriminator, SmallGenerator, Source

from gancore import TwoPlayerGAN, part
from gancore.component.randomness import Rows, own_rows, seeded
from gancore.errors import FitError
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.standard import APA, R1, APAFixed, Chain, InstanceNoise
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun


def game(augment, *, cls=TwoPlayerGAN, **fields):
    own = {"generator": SmallGenerator(), "discriminator": SmallDiscriminator(), "image": (3, 4, 4)}
    recipe = cls(augment=augment, **{**own, **fields})
    recipe.require()
    return recipe


def rows(n=4):
    return RealBatch(torch.rand(n, 3, 4, 4)), LatentBatch(torch.randn(n, 4))


def test_p_follows_the_signs_as_that_of_ada_does_and_ends_at_one():
    part = APA(speed=10, interval=1)
    for scores, expected in ((torch.ones(4), 0.4), (-torch.ones(2), 0.2), (torch.ones(20), 1.0)):
        part.observe(scores)
        part.update_buffers()
        part.seen.clear()
        assert part.p.item() == pytest.approx(expected)
    assert part.scalars()["pseudo r"] == 1 and (APA().target, APA().speed, APA().interval) == (0.6, 5e5, 4)


def test_images_are_replaced_with_probability_p_row_by_row():
    image = torch.zeros(4000, 1, 1, 1)
    with seeded(0):
        which = APAFixed(p=0.3).replaced(image)
    assert which.float().mean().item() == pytest.approx(0.3, abs=0.03)
    with seeded(0), own_rows(Rows(4000, 1000, 2000)):
        assert torch.equal(APAFixed(p=0.3).replaced(image[:1000]), which[1000:2000])


def test_a_replaced_image_is_the_generated_one_of_its_row():
    recipe, (batch, latents) = game(APAFixed()), rows()
    recipe.augment.replaced = lambda image: torch.tensor([True, False, False, True])
    terms = recipe.discriminator_terms(batch, latents)
    own = recipe.score(batch.image, None)
    assert terms["real"][[0, 3]].tolist() == pytest.approx(terms["fake"][[0, 3]].tolist())
    assert terms["real"][[1, 2]].tolist() == pytest.approx(own[[1, 2]].tolist())
    found = recipe.discriminator_penalty("r1", R1(gamma=2.0), batch, latents)["r1"]
    image = torch.where(
        recipe.augment.replaced(None)[:, None, None, None], recipe.generator(latents.latent), batch.image
    )
    gradient = torch.autograd.grad(recipe.discriminator(image.requires_grad_()).sum(), image)[0]
    assert found.item() == pytest.approx(gradient.square().sum((1, 2, 3)).mean().item(), rel=1e-5)


def test_a_replaced_image_brings_its_label():
    recipe = game(APAFixed(p=1.0), discriminator=LabeledDiscriminator(), classes=3)
    batch = RealBatch(torch.rand(3, 3, 4, 4), torch.tensor([0, 1, 2]))
    latents = LatentBatch(torch.randn(3, 4), torch.tensor([2, 2, 0]))
    real, fake = recipe.judged(batch, latents, [])
    assert real.label.tolist() == [2, 2, 0] and torch.equal(real.scores, fake.scores)
    assert recipe.scored(batch, latents, [])[0].label.tolist() == [0, 1, 2]


def test_in_a_chain_the_others_change_all_images():
    recipe, (batch, latents) = game(Chain(augments=[APAFixed(p=1.0), InstanceNoise(deviation=0.0)])), rows()
    terms = recipe.discriminator_terms(batch, latents)
    assert torch.equal(terms["real"], terms["fake"])
    assert not Chain(augments=["diffaugment"]).replaces


def test_the_generator_is_not_shown_them():
    recipe, (batch, latents) = game(APAFixed(p=1.0), loss="relativistic-pairing"), rows()
    plain = game("no-augment", loss="relativistic-pairing")
    plain.load_state_dict(recipe.state_dict())
    found, expected = (one.generator_terms(latents, batch)["adversarial"] for one in (recipe, plain))
    assert torch.equal(found, expected)


@part("all-real")
class AllReal(TwoPlayerGAN):
    """Does not ask which images are replaced."""

    def discriminator_terms(self, batch, latents):
        real, fake = self.scored(batch, latents, [])
        return {"loss": self.loss.discriminator(real.scores, fake.scores)} | {
            name: value.detach() for name, value in (("real", real.scores), ("fake", fake.scores))
        }


def test_a_recipe_that_replaces_nothing_is_refused():
    for augment in (APAFixed(), Chain(augments=[APAFixed()])):
        recipe = game(augment, cls=AllReal)
        with pytest.raises(FitError, match=r"never asks augment/(apa-fixed|chain) .*replaced"):
            take_step(TrainingRun(recipe, Source(), batch=4, total=64))
    take_step(TrainingRun(game(InstanceNoise(), cls=AllReal), Source(), batch=4, total=64))


TOGETHER = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
    "conditioner": {"part": "embedding", "size": 4},
    "regularizers": [{"part": "r1", "every": 2}],
    "auxiliaries": ["acgan"],
    "augment": {"part": "chain", "augments": [{"part": "apa", "speed": 8, "interval": 1, "target": -1}]},
}


@pytest.mark.parametrize(
    "check",
    [
        recipes.resumes_to_the_same_bits,
        recipes.micro_batches_equal_the_whole,
        recipes.two_processes_equal_one,
    ],
)
def test_it_keeps_the_promises_of_a_recipe(check):
    """Half of the images are replaced in the update by R1, after p has moved."""
    with seeded(0):
        check(Trial(Configuration(DCGAN, TOGETHER, {"image": (3, 16, 16), "classes": 3}), n=4))
