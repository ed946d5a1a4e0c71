"""Two processes, and micro-batches, against one batch: with labels and augmentation."""

import torch
from gancore_r3gan import R3GAN

from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import BATCH, gradients_of
from gancore.testing.trial import Configuration

NARROW = {"widths": (8, 4), "cardinalities": (2, 1), "blocks": (1, 1)}
OPTIONS = {
    "generator": {"latent_size": 7, **NARROW},
    "discriminator": {"part": "r3gan-labels", **NARROW},
    "conditioner": {"part": "embedding", "size": 3},
    "augment": {"p": 0.5},
}


def test_two_processes_and_micro_batches_have_the_gradients_of_one():
    configuration = Configuration(R3GAN, OPTIONS, {"image": (3, 8, 8), "classes": 3})
    whole = gradients_of(configuration, 3)
    assert any("update 1 of generator" in key for key in whole)
    for found in (
        gradients_of(configuration, 3, micro_batch=BATCH // 2),
        *gradients_of_two(configuration, 3),
    ):
        assert found.keys() == whole.keys()
        for key, value in whole.items():
            torch.testing.assert_close(found[key], value, rtol=0, atol=1e-10, msg=key)
