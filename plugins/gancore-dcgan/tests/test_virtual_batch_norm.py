"""A generator whose batch normalization is virtual: what an image depends on, and trainings with it."""

import pytest
import torch
from gancore_dcgan import DCGAN, VirtualBatchNormGenerator

from gancore import Pipeline, create
from gancore.component.randomness import seeded
from gancore.errors import FitError
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial

NETWORK = {"part": "dcgan", "width": 2, "latent_size": 12}
GENERATOR = {"part": "virtual-batch-norm", "network": NETWORK, "reference_size": 3}
FACTS = {"image": (3, 16, 16)}


def game(seed=0, **changes):
    recipe = create("dcgan", {"generator": GENERATOR, "discriminator": {"width": 4}, **changes})
    recipe.bind(seed=seed, facts={**FACTS, "classes": 3}, by="the test")
    return recipe


@pytest.mark.parametrize("training", [True, False])
def test_an_image_depends_on_no_other_beside_it(training):
    generator, code = game().generator.train(training), torch.randn(4, 12)
    whole = generator(code)
    assert torch.allclose(generator(code[1:2]), whole[1:2], atol=1e-6)
    before = generator.reference.clone()
    generator.reference.mul_(2)
    assert not torch.allclose(generator(code), whole, atol=1e-3) and not torch.equal(
        before, generator.reference
    )


def test_the_reference_batch_is_latents_of_the_game_and_follows_from_the_seed():
    first, again, other = game(seed=1), game(seed=1), game(seed=2)
    assert torch.equal(first.generator.reference, again.generator.reference)
    assert not torch.equal(first.generator.reference, other.generator.reference)
    assert first.generator.reference.abs().max() <= 1  # DCGAN's latents are uniform, not normal
    averaged = first.average.of("generator")
    assert torch.equal(averaged.reference, first.generator.reference) and first.generator.pristine()
    one = game(conditioner="one-hot", generator={**GENERATOR, "network": {**NETWORK, "latent_size": 15}})
    assert one.generator.reference[:, 12:].sum(1).tolist() == [1, 1, 1]


def test_a_trained_generator_keeps_its_reference_batch():
    generator = game().generator
    with torch.no_grad():
        generator.reference.fill_(0.25)
    recipe = create("dcgan", {"generator": generator, "discriminator": {"width": 4}}, classes=3, **FACTS)
    assert recipe.generator.reference.unique().tolist() == [0.25]


def test_samples_are_the_same_after_loading(tmp_path):
    pipeline = game().pipelines()["image"]
    images = pipeline.sample(4, seed=3)
    pipeline.save(tmp_path / "saved")
    assert torch.allclose(Pipeline.load(tmp_path / "saved").sample(4, seed=3), images, atol=1e-5)


def test_a_network_without_batch_normalization_is_refused():
    with pytest.raises(FitError, match="generator/dcgan-plain has no batch normalization"):
        VirtualBatchNormGenerator(network={"part": "dcgan-plain", "width": 2}, **FACTS)


@pytest.mark.parametrize(
    "check",
    [
        recipes.resumes_to_the_same_bits,
        recipes.micro_batches_equal_the_whole,
        recipes.two_processes_equal_one,
    ],
)
def test_it_is_exact_in_pieces_and_goes_on(check):
    options = {"generator": GENERATOR, "discriminator": {"part": "dcgan-plain", "width": 4}}
    with seeded(0):
        check(Trial(Configuration(DCGAN, options, FACTS), n=4))
