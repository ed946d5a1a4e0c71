"""A step that ends between its micro-batches, and the training that goes on from the checkpoint before it."""

import pytest
import torch
from gancore_biggan import BigGAN
from gancore_r3gan import R3GAN

from gancore.testing.stage import drive, start, weights
from gancore.testing.trial import Configuration
from gancore.training.checkpoint import load_checkpoint, save_checkpoint

FACTS = {"image": (3, 8, 8), "classes": 3}
GENERATOR = {"latent_size": 4, "embedding_size": 3, "widths": (8, 4), "attention": (8,)}
NARROW = {"widths": (4, 4), "halvings": 1, "attention": (4,)}
CONDITIONER = {"part": "embedding", "size": 3}
STAGES = {"widths": (8, 4), "cardinalities": (2, 1), "blocks": (1, 1)}
CONFIGURATIONS = {
    name: Configuration(
        BigGAN,
        {
            "generator": {"part": name, **GENERATOR},
            "discriminator": {"part": name, **NARROW},
            "conditioner": CONDITIONER,
        },
        FACTS,
    )
    for name in ("biggan", "biggan-deep")
}
CONFIGURATIONS["r3gan-labels"] = Configuration(
    R3GAN,
    {
        "generator": {"latent_size": 7, **STAGES},
        "discriminator": {"part": "r3gan-labels", **STAGES},
        "conditioner": CONDITIONER,
        "augment": {"p": 0.5},
    },
    FACTS,
)


class KilledError(Exception):
    pass


def dying(recipe, calls):
    """The recipe, whose scores fail after so many calls."""
    left, score = [calls], recipe.scored

    def scored(*words, **named):
        left[0] -= 1
        if left[0] < 0:
            raise KilledError
        return score(*words, **named)

    recipe.scored = scored
    return recipe


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_resumed_training_has_the_bits_of_an_undisturbed_one(name, tmp_path):
    configuration = CONFIGURATIONS[name]
    whole = start(configuration.make(seed=3), seed=3, micro_batch=2)
    drive(whole, 2)
    killed = start(configuration.make(seed=3), seed=3, micro_batch=2)
    drive(killed, 1)
    saved = save_checkpoint(killed, tmp_path, seconds=0.0, keep=1)
    dying(killed.recipe, 3)
    with pytest.raises(KilledError):
        drive(killed, 1)
    resumed = start(configuration.make(seed=4), seed=3, micro_batch=2)
    load_checkpoint(resumed, saved)
    drive(resumed, 1)
    expected, found = weights(whole.recipe), weights(resumed.recipe)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], value) for key, value in expected.items())
