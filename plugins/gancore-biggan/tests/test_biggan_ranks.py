"""Two processes against one: batch norms see the batches of both."""

import pytest
import torch
from gancore_biggan import BigGAN

from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration

FACTS = {"image": (3, 8, 8), "classes": 3}
NARROW = {"widths": (4, 4), "halvings": 1, "attention": (4,)}
OPTIONS = {
    "biggan": {
        "generator": {"latent_size": 4, "embedding_size": 3, "widths": (8, 4), "attention": (8,)},
        "discriminator": NARROW,
        "conditioner": {"part": "embedding", "size": 3},
    },
    "biggan-deep": {
        "generator": {"part": "biggan-deep", "latent_size": 4, "embedding_size": 3, "widths": (8, 4)},
        "discriminator": {"part": "biggan-deep", **NARROW},
        "conditioner": {"part": "embedding", "size": 3},
    },
    "biggan-tables": {
        "generator": {"part": "biggan-tables", "latent_size": 4, "widths": (8, 4)},
        "discriminator": NARROW,
        "conditioner": "one-hot",
    },
}


@pytest.mark.parametrize("name", OPTIONS)
def test_two_processes_have_the_gradients_of_one(name):
    configuration = Configuration(BigGAN, OPTIONS[name], FACTS)
    whole = gradients_of(configuration, 3)
    assert any("update 2 of generator" in key for key in whole)
    for found in gradients_of_two(configuration, 3):
        assert found.keys() == whole.keys()
        for key, value in whole.items():
            # running statistics are kept in float32
            atol = 1e-5 if key.startswith("state") else 1e-10
            torch.testing.assert_close(found[key].double(), value.double(), rtol=0, atol=atol, msg=key)
