import math

import pytest
import torch
from gancore_vae import DiscretizedLogistic, MLPDecoder

IMAGE = (1, 4, 4)


@pytest.mark.parametrize("scale", [0.001, 0.05, 2.0])
def test_the_probabilities_of_the_256_levels_sum_to_1(scale):
    likelihood = DiscretizedLogistic(image=IMAGE, scale=scale)
    levels = (torch.arange(256) / 127.5 - 1)[:, None, None, None]
    for mean in (-1.0, -0.3, 0.9, 1.0):
        total = likelihood.log_levels(torch.full_like(levels, mean), levels).detach().double().exp().sum()
        assert float(total) == pytest.approx(1, abs=2e-4)


def test_a_level_has_the_probability_of_its_interval():
    likelihood = DiscretizedLogistic(image=IMAGE, scale=0.2)
    mean, image = torch.tensor(0.1).reshape(1, 1, 1, 1), torch.tensor(51 / 127.5 - 1).reshape(1, 1, 1, 1)
    edges = [(float(image) + side / 255 - 0.1) / 0.2 for side in (-1, 1)]
    lower, upper = (1 / (1 + math.exp(-edge)) for edge in edges)
    found = float(likelihood.log_levels(mean, image).detach())
    assert found == pytest.approx(math.log(upper - lower), rel=1e-4)


def test_it_is_finite_far_from_the_mean_and_its_bits_are_those_of_the_probabilities():
    decoder = MLPDecoder(image=IMAGE, latent=2, width=4)
    likelihood = DiscretizedLogistic(image=IMAGE, scale=1e-3)
    value = likelihood(decoder, torch.zeros(1, 2), torch.ones(1, *IMAGE))
    value.sum().backward()
    assert value.isfinite() and likelihood.log_scale.grad.isfinite()
    assert float(likelihood.bits_per_dimension(torch.tensor(-16 * math.log(256)))) == pytest.approx(8)
