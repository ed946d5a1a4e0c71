"""Minibatch discrimination around a discriminator: numbers, micro-batches and processes."""

import pytest
import torch
from gancore_dcgan import DCGAN

from gancore import create
from gancore.component.randomness import seeded
from gancore.standard import MinibatchDiscriminator
from gancore.testing import recipes
from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration, Trial

DCGAN_PLAIN = {"part": "dcgan-plain", "width": 4}


def test_a_linear_map_of_the_nearness_is_added_to_the_score():
    part = MinibatchDiscriminator(network=DCGAN_PLAIN, kernels=3, size=2, image=(3, 16, 16))
    image = torch.randn(4, 3, 16, 16)
    features = part.network.forward_features(image).flatten(1)
    matrices = (features @ part.near.weight).reshape(4, 3, 2)
    near = torch.zeros(4, 3)
    for i in range(4):
        for j in range(4):
            if i != j:
                near[i] += (matrices[i] - matrices[j]).abs().sum(1).neg().exp()
    expected = part.network(image) + near @ part.last.weight[0]
    assert torch.allclose(part(image), expected, atol=1e-5)


def test_it_sees_that_images_are_alike():
    part = MinibatchDiscriminator(network=DCGAN_PLAIN, kernels=3, image=(3, 16, 16))
    with torch.no_grad():
        part.last.weight.fill_(-1.0)
    image = torch.randn(1, 3, 16, 16)
    alike, others = image.expand(4, 3, 16, 16), torch.cat([image, 3 * torch.randn(3, 3, 16, 16)])
    assert part(alike)[0].item() == pytest.approx(part.network(image).item() - 3 * 3, abs=1e-4)
    assert part(others)[0] > part(alike)[0]


def test_labels_are_passed_to_a_network_that_reads_them():
    inner = {"part": "projection", "network": DCGAN_PLAIN}
    part = MinibatchDiscriminator(network=inner, image=(3, 16, 16), classes=3)
    image = torch.randn(1, 3, 16, 16).expand(3, 3, 16, 16)
    assert part.conditional and len(part(image, torch.arange(3)).unique()) == 3
    recipe = create(
        "dcgan",
        {"discriminator": {"part": "projection", "network": {"part": "minibatch", "network": DCGAN_PLAIN}}},
        image=(3, 16, 16),
        classes=3,
    )
    assert recipe.conditional and not recipe.discriminator.network.conditional


def configuration(group):
    network = {"part": "minibatch", "network": DCGAN_PLAIN, "kernels": 4, "group": group}
    options = {
        "generator": {"part": "dcgan-plain", "width": 2, "latent_size": 12},
        "discriminator": network,
        "regularizers": ["gradient-penalty"],
    }
    return Configuration(DCGAN, options, {"image": (3, 16, 16)})


def agrees(found, whole):
    return all(torch.allclose(found[name], value, rtol=0, atol=1e-9) for name, value in whole.items())


def test_whole_groups_are_exact_in_micro_batches_and_on_two_processes():
    """A batch of 4 in two micro-batches, or on two processes, of 2."""
    whole = gradients_of(configuration(2), 3)
    assert agrees(gradients_of(configuration(2), 3, micro_batch=2), whole)
    assert all(agrees(found, whole) for found in gradients_of_two(configuration(2), 3))


def test_the_whole_batch_is_the_one_that_passes():
    whole = gradients_of(configuration(0), 3)
    assert not agrees(gradients_of(configuration(0), 3, micro_batch=2), whole)
    assert agrees(gradients_of(configuration(4), 3), whole)


def test_it_resumes_to_the_same_bits():
    with seeded(0):
        recipes.resumes_to_the_same_bits(Trial(configuration(0), n=4))
