"""The order of released translators: the generator moves first, and its translations are made once."""

import torch

from gancore.component.part import part
from gancore.recipes.generator_first import GeneratorFirst
from gancore.training.run import TrainingRun


@part("generator-first-here")
class Ordered(GeneratorFirst):
    """Notes what is updated, and on what."""

    def build(self):
        super().build()
        self.seen = []

    def generator_terms(self, latents, batch=None):
        terms = super().generator_terms(latents, batch)
        self.seen.append(("generator", terms["made"]))
        return terms

    def discriminator_terms(self, batch, latents):
        self.seen.append(("discriminator", self.scored(batch, latents, ())[1].image))
        return super().discriminator_terms(batch, latents)


class Pairs:
    def next(self, n=None):
        rng = torch.Generator().manual_seed(0)
        return {
            "source": torch.rand(2, 1, 8, 8, generator=rng),
            "target": torch.rand(2, 3, 8, 8, generator=rng),
        }


def ordered(**options):
    return Ordered(
        generator={"part": "unet-instance", "width": 2},
        discriminator={"part": "patchgan", "width": 2, "layers": 1},
        image=(3, 8, 8),
        source=(1, 8, 8),
        **options,
    )


def one_step(recipe, micro_batch=None):
    passes = []
    recipe.generator.register_forward_hook(lambda *_: passes.append(1))
    before = [p.clone() for p in recipe.generator.parameters()]
    run = TrainingRun(recipe, Pairs(), batch=2, micro_batch=micro_batch, total=20)
    recipe.step(run)
    assert any(not torch.equal(p, q) for p, q in zip(before, recipe.generator.parameters(), strict=True))
    return len(passes)


def test_a_translation_is_made_once_for_both_updates():
    recipe = ordered()
    assert one_step(recipe) == 1
    (first, made), (second, shown) = recipe.seen
    assert (first, second) == ("generator", "discriminator") and torch.equal(made, shown)


def test_micro_batches_are_handed_over_as_one_batch():
    recipe = ordered()
    assert one_step(recipe, micro_batch=1) == 2
    made, shown = (
        torch.cat([image for player, image in recipe.seen if player == name])
        for name in ("generator", "discriminator")
    )
    assert torch.equal(made, shown)


def test_further_updates_of_the_discriminator_make_their_own():
    recipe = ordered(discriminator_steps=2)
    assert one_step(recipe) == 3  # one of them to note what it saw
    assert [player for player, _ in recipe.seen] == ["generator", "discriminator", "discriminator"]


def test_without_an_adversary_there_are_distances_alone():
    recipe = ordered(adversarial=0.0)
    assert one_step(recipe) == 1 and recipe.seen == []
