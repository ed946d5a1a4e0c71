"""Batch normalization on two processes against one."""

import pytest
import torch
from normalized_parts import (
    NormalizedDiscriminator,
    NormalizedGame,
    NormalizedGenerator,
    SynchronizedDiscriminator,
    SynchronizedGenerator,
)

from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration


def configuration(generator, discriminator):
    options = {
        "generator": generator,
        "discriminator": discriminator,
        "regularizers": [{"part": "r1", "every": 1}, {"part": "gradient-penalty", "every": 2}],
    }
    return Configuration(NormalizedGame, options, {"image": (3, 4, 4)})


def state(outcome, *words):
    return {k: v for k, v in outcome.items() if k.startswith("state") and any(word in k for word in words)}


def test_running_statistics_are_equal_on_all_processes():
    given = configuration(NormalizedGenerator, NormalizedDiscriminator)
    one, other = gradients_of_two(given, 3)
    mine, theirs = state(one, "running"), state(other, "running")
    assert len(mine) == 6  # of the generator, its average, and the discriminator
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_synchronized_the_gradients_of_two_processes_are_those_of_one():
    given = configuration(SynchronizedGenerator, SynchronizedDiscriminator)
    whole = gradients_of(given, 3)
    assert any("update 1" in name for name in whole)  # the lazy penalty differentiates twice through it
    for found in gradients_of_two(given, 3):
        for name, value in whole.items():
            assert torch.allclose(found[name], value, rtol=0, atol=1e-10), name


def test_plain_normalization_differs_there():
    given = configuration(NormalizedGenerator, NormalizedDiscriminator)
    whole, (found, _) = gradients_of(given, 3), gradients_of_two(given, 3)
    assert not all(torch.allclose(found[name], value, atol=1e-6) for name, value in whole.items())


@pytest.mark.parametrize("momentum", [0.1, None])
def test_on_one_process_it_is_batch_normalization(momentum):
    torch.manual_seed(0)
    from gancore.nn import SyncBatchNorm2d

    plain, layer = torch.nn.BatchNorm2d(3, momentum=momentum), SyncBatchNorm2d(3, momentum=momentum)
    x = torch.randn(4, 3, 5, 5)
    for training in (True, True, False):
        plain.train(training), layer.train(training)
        assert torch.equal(plain(x), layer(x))
    assert torch.equal(plain.running_var, layer.running_var)
