"""Two processes against one, for recipes that the kit excuses because a batch's rows depend on each other.

Each process normalizes its own rows, and unrolls by them, as one process does with each of its micro-batches.
"""

import pytest
import torch
from gancore_cgan import ACGAN, CGAN, InfoGAN
from gancore_cogan import CoGAN
from gancore_dcgan import DCGAN
from gancore_sagan import SAGAN
from gancore_sngan import SNGAN
from gancore_wgan import WGAN, WGANGP
from later_parts import FadingProGAN, FewLabeledDCGAN

from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import BATCH, gradients_of
from gancore.testing.trial import Configuration

IMAGE = {"image": (3, 16, 16)}
LABELED = {**IMAGE, "classes": 3}
SMALL = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
}


def residual(name, **more):
    generator = {"latent_size": 6, "widths": (4, 4, 4)}
    discriminator = {"widths": (4, 4), "halvings": 1}
    labeled = {"part": f"gancore-{name}:{name}-labels"}
    return {
        "generator": {**labeled, **generator},
        "discriminator": {**labeled, **discriminator},
        "conditioner": "one-hot",
        **more,
    }


def co_training():
    judge = {"part": "projection", "network": SMALL["discriminator"]}
    return {
        **SMALL,
        "conditioner": {"part": "embedding", "size": 4},
        "labels": "uniform-one-hot",
        "discriminator": {"part": "co-training", "network": judge},
        "regularizers": ["co-training", {"part": "r1", "every": 2}],
        "auxiliaries": ["rotation"],
        "loss": "hinge",
    }


UNROLLED = {**SMALL, "generator_regularizers": [{"part": "unrolled", "steps": 2}]}
NORMALIZED = [
    (SNGAN, SNGAN.examples[0], IMAGE),
    (SNGAN, residual("sngan", discriminator_steps=2), LABELED),
    (SAGAN, residual("sagan"), LABELED),
    (CGAN, CGAN.examples[0], LABELED),
    (ACGAN, ACGAN.examples[0], LABELED),
    (InfoGAN, InfoGAN.examples[0], IMAGE),
    (WGAN, WGAN.examples[0], IMAGE),
    (WGANGP, WGANGP.examples[0], IMAGE),
    (CoGAN, CoGAN.examples[0], {}),
    (FewLabeledDCGAN, co_training(), {**LABELED, "label_shape": (3,)}),
    (DCGAN, UNROLLED, IMAGE),
]


def named(case):
    return case[0].__name__ + ("-labels" if case[2].get("classes") else "")


def assert_agrees(configuration, micro_batch):
    alone = gradients_of(configuration, 3, micro_batch=micro_batch)
    assert any(" of generator" in name and value.abs().sum() > 0 for name, value in alone.items())
    for found in gradients_of_two(configuration, 3):
        assert found.keys() == alone.keys()
        for name, value in alone.items():
            # running statistics are averaged over the processes, but follow one micro-batch after the other
            if "running" not in name and "num_batches" not in name:
                assert torch.allclose(found[name], value, rtol=0, atol=1e-10), name


@pytest.mark.parametrize("case", NORMALIZED, ids=named)
def test_each_process_is_as_a_micro_batch_of_one(case):
    assert_agrees(Configuration(*case), BATCH // 2)


def test_two_processes_equal_one_while_a_size_fades_in():
    """The kit checks ProGAN at its first size."""
    assert_agrees(Configuration(FadingProGAN, FadingProGAN.examples[0], IMAGE), None)
