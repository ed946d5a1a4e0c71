"""MaskGIT: its schedule, its masks, and its decoding in a few lines of arithmetic."""

import math

import pytest
import torch
from gancore_vqgan.prior import MaskGIT
from gancore_vqgan.prior.maskgit import cosine, masked_counts

SMALL = {"latent": (3, 4), "codebook_size": 7, "layers": 2, "heads": 2, "width": 8, "deviation": 0.5}


def test_the_schedule_is_a_quarter_of_a_cosine():
    ratio = torch.tensor([0, 1 / 3, 1 / 2, 2 / 3, 1], dtype=torch.float64)
    expected = [1, math.sqrt(3) / 2, math.sqrt(1 / 2), 1 / 2, 0]
    assert cosine(ratio).tolist() == pytest.approx(expected, abs=1e-12)


def test_masked_counts():
    """256 indices in 8 steps: ⌈256 cos(π t / 16)⌉."""
    assert masked_counts(256, 8) == [252, 237, 213, 182, 143, 98, 50, 0]
    assert masked_counts(4, 8) == [3, 2, 1, 0, 0, 0, 0, 0]
    assert masked_counts(12, 1) == [0]


def test_as_many_places_are_masked_as_the_schedule_says():
    sampler, codes = MaskGIT(**{**SMALL, "latent": (10, 10)}), torch.zeros(4000, 100, dtype=torch.int64)
    masked = sampler.masked(codes).float()
    assert float(masked.mean()) == pytest.approx(2 / math.pi + 0.005, abs=0.02)  # ∫ γ, and rounding up
    assert masked.sum(1).min() >= 1
    assert masked.mean(0).std() < 0.02  # all places alike


def test_only_masked_places_are_learned():
    sampler = MaskGIT(**SMALL, dropout=0.0, smoothing=0.0)
    codes = torch.randint(7, (2, 3, 4))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        cost = sampler.terms(codes)["cross_entropy"]
        torch.manual_seed(0)
        masked = sampler.masked(codes.flatten(1))
    probability = sampler.logits(codes.flatten(1).masked_fill(masked, 7)).softmax(-1)
    of_codes = probability.gather(-1, codes.flatten(1)[..., None])[..., 0]
    assert cost.item() == pytest.approx((-of_codes.log()[masked].sum() / 24).item(), rel=1e-5)


def test_decoding_without_noise_keeps_the_surest():
    sampler = MaskGIT(**SMALL, steps=3, confidence_temperature=0.0).eval()
    noise = torch.rand(1, 3, 2, 12, generator=torch.Generator().manual_seed(4))
    codes = torch.full((12,), 7)
    for step, count in enumerate(masked_counts(12, 3)):
        probability = sampler.logits(codes[None])[0].softmax(-1)  # (L, K)
        sure = torch.full((12,), 2.0)
        for place in range(12):
            if codes[place] == 7:
                below = probability[place].cumsum(0) <= noise[0, step, 0, place]
                codes[place] = int(below.sum())
                sure[place] = probability[place, codes[place]]
        codes[sure.argsort()[:count]] = 7
    assert torch.equal(sampler.latents(noise.view(1, 3, 2, 3, 4)).flatten(), codes)


def test_the_noise_on_the_confidence_is_gumbel_and_fades():
    sampler = MaskGIT(**SMALL, steps=2, confidence_temperature=1e6).eval()
    noise = torch.rand(1, 2, 2, 3, 4, generator=torch.Generator().manual_seed(5))
    codes = torch.full((1, 12), 7)
    made = sampler._step(codes, noise[:, 0].flatten(2), None, 5, 0.5)
    lowest = noise[0, 0, 1].flatten().argsort()[:5]  # -log(-log u) grows with u
    assert set((made[0] == 7).nonzero().flatten().tolist()) == set(lowest.tolist())
    assert (sampler.latents(noise) < 7).all()
    edge = noise.clone()
    edge[:, :, 1] = 0  # -log(-log 0) is minus infinity
    assert (sampler.latents(edge) < 7).all()


def test_a_place_sees_the_whole_map():
    sampler = MaskGIT(**SMALL).eval()
    codes = torch.randint(7, (1, 12), generator=torch.Generator().manual_seed(6))
    other = codes.clone()
    other[0, 11] = (codes[0, 11] + 1) % 7
    assert ((sampler.logits(codes) - sampler.logits(other)).abs().sum(-1) > 1e-6).all()
