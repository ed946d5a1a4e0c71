"""Noise that is handed out, and what keeps optimized noise white."""

import torch
import walks

from gancore.component.randomness import fixed_noise, noise_maps, normal, seeded
from gancore.latent.codes import render_codes
from gancore.latent.noise import irregularity, standardized


def test_noise_is_seen_and_handed_out_again():
    like = torch.zeros(())
    with noise_maps() as seen:
        first, second = normal(3, 2, like=like), normal(3, 1, 4, 4, like=like)
    assert torch.equal(seen[0], first) and torch.equal(seen[1], second) and len(seen) == 2
    before = torch.get_rng_state()
    with noise_maps([first, second[:1]]):
        assert torch.equal(normal(3, 2, like=like), first)
        assert torch.equal(normal(3, 1, 4, 4, like=like), second[:1].expand(3, 1, 4, 4))
        assert torch.equal(torch.get_rng_state(), before)
        assert normal(3, 2, like=like).shape == (3, 2)  # beyond what was given it is drawn
    assert not torch.equal(torch.get_rng_state(), before)


def test_noise_that_a_network_keeps_can_be_replaced():
    constant, other = torch.ones(1, 1, 2, 2), torch.zeros(3, 1, 2, 2)
    assert torch.equal(fixed_noise(3, constant), torch.ones(3, 1, 2, 2))
    with noise_maps([other]):
        assert torch.equal(fixed_noise(3, constant), other)


def test_an_image_with_noise_is_made_again():
    pipeline = walks.plain(noise=0.3)
    code = torch.randn(1, 6)
    with noise_maps() as seen:
        image = render_codes(pipeline, code, seed=5)
    with noise_maps(seen):
        assert torch.equal(render_codes(pipeline, code, seed=9), image)


def test_irregularity_by_its_definition():
    noise = torch.randn(2, 1, 16, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    levels = [noise]
    levels.append(torch.stack([noise[..., i::2, j::2] for i in (0, 1) for j in (0, 1)]).sum(0) / 2)
    expected = torch.zeros(2, dtype=torch.float64)
    for level in levels:
        height, width = level.shape[2:]
        for n in range(2):
            down = sum(level[n, 0, y, x] * level[n, 0, y - 1, x] for y in range(height) for x in range(width))
            right = sum(
                level[n, 0, y, x] * level[n, 0, y, x - 1] for y in range(height) for x in range(width)
            )
            expected[n] += (down / (height * width)) ** 2 + (right / (height * width)) ** 2
    torch.testing.assert_close(irregularity(noise), expected)


def test_what_is_smooth_is_irregular_and_white_noise_is_not():
    with seeded(0):
        white = standardized(torch.randn(1, 1, 32, 32))
    smooth = standardized(torch.linspace(-1, 1, 32).expand(1, 1, 32, 32))
    assert float(irregularity(smooth)) > 100 * float(irregularity(white))
    assert irregularity(torch.randn(3, 7)).tolist() == [0, 0, 0]


def test_standardized():
    noise = standardized(torch.randn(3, 1, 4, 5) * 7 + 2)
    torch.testing.assert_close(noise.flatten(1).mean(1), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(noise.flatten(1).square().mean(1), torch.ones(3))
    assert torch.equal(standardized(torch.full((2, 1), 3.0)), torch.full((2, 1), 3.0))
