"""Historical averaging: numbers by hand, and in trainings that go on from a checkpoint."""

import pytest
import torch
from gancore_dcgan import DCGAN
from torch import nn

from gancore.component.randomness import seeded
from gancore.component.scored import Scored
from gancore.component.weights import load_state
from gancore.errors import FitError
from gancore.standard import HistoricalAverageDiscriminator, HistoricalAverageGenerator
from gancore.testing import recipes
from gancore.testing.trial import Configuration, Trial


def critic(*weights):
    layer = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
    return layer


def move(layer, *weights):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))


def penalty(part, network):
    return part(None, Scored(None, None, discriminator=network), None)


def updated(part, network, *weights):
    """An update with the penalty, after which the network has these weights."""
    penalty(part, network)
    move(network, *weights)
    part.past.update_buffers()


def test_it_is_the_distance_from_the_mean_of_all_weights_so_far():
    """After (1, 0), (3, 0) and (2, 6) the mean is (2, 2), which (2, 6) is 4 away from."""
    part, network = HistoricalAverageDiscriminator(weight=0.5), critic(9.0, 9.0)
    assert penalty(part, network).item() == 0
    for weights in ((1.0, 0.0), (3.0, 0.0), (2.0, 6.0)):
        updated(part, network, *weights)
    assert part.past.mean.tolist() == pytest.approx([2, 2]) and part.past.updates == 3
    found = penalty(part, network)
    assert found.item() == pytest.approx(0.5 * 16)
    found.backward()
    assert network.weight.grad.tolist() == [[0.0, pytest.approx(0.5 * 2 * 4)]]


def test_updates_without_the_penalty_and_scores_in_eval_mode_leave_the_mean():
    part, network = HistoricalAverageDiscriminator(), critic(9.0, 9.0)
    updated(part, network, 1.0, 2.0)
    move(network, 5.0, 5.0)
    part.past.update_buffers()
    penalty(part.eval(), network)
    part.past.update_buffers()
    assert part.past.mean.tolist() == [1, 2]


def test_a_loaded_mean_brings_its_size():
    part, network = HistoricalAverageGenerator(), critic(9.0, 9.0)
    part(network, None, None)
    part.past.update_buffers()
    other = HistoricalAverageGenerator()
    load_state(other, part.state_dict())
    assert other.past.mean.tolist() == [9, 9]
    load_state(part, HistoricalAverageGenerator().state_dict())
    assert part.past.mean.numel() == 0


def test_it_needs_the_weights_of_the_generator():
    with pytest.raises(FitError, match="reads the generator's weights, but got a mere function"):
        HistoricalAverageGenerator()(lambda code: code, None, None)


TOGETHER = {
    "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
    "discriminator": {"part": "dcgan-plain", "width": 4},
    "regularizers": ["historical-average"],
    "generator_regularizers": [{"part": "historical-average", "every": 2}],
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
    with seeded(0):
        check(Trial(Configuration(DCGAN, TOGETHER, {"image": (3, 16, 16)}), n=4))
