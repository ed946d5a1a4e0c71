"""What the samplers learn, they draw: maps whose rows repeat their first index."""

import pytest
import torch
from gancore_vqgan import LabeledTransformer, MaskGIT, PixelCNN, Transformer

EXACT = {"dropout": 0.0, "smoothing": 0.0}
FACTS = {"latent": (3, 4), "codebook_size": 5}
SAMPLERS = {
    "transformer": lambda: Transformer(**FACTS, layers=2, heads=2, width=16),
    "strided": lambda: Transformer(**FACTS, layers=2, heads=2, width=16, pattern="strided"),
    # as many steps as indices: those that are drawn in one step do not know of each other
    "maskgit": lambda: MaskGIT(**FACTS, **EXACT, layers=2, heads=2, width=32, deviation=0.2, steps=12),
    "pixelcnn": lambda: PixelCNN(**FACTS, layers=3, width=8),
}


def rows(n, rng):
    return torch.randint(5, (n, 3, 1), generator=rng).expand(n, 3, 4)


def learn(sampler, steps, batch):
    optimizer = torch.optim.Adam(sampler.parameters(), lr=0.005)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(steps):
            (cost,) = sampler.terms(*batch()).values()
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
    return sampler.eval()


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLERS)
def test_what_is_drawn_looks_like_what_was_learned(name):
    rng = torch.Generator().manual_seed(1)
    sampler = learn(SAMPLERS[name](), 400, lambda: (rows(32, rng),))
    drawn = sampler(200, rng=torch.Generator().manual_seed(2))
    same = (drawn == drawn[:, :, :1]).all(-1)  # (n, 3)
    assert same.float().mean() > 0.9
    if name != "maskgit":  # which keeps the surest first, and so favors what is a little more probable
        counts = drawn[:, :, 0].flatten().bincount(minlength=5) / 600  # all five as often
        assert (counts - 0.2).abs().max() < 0.12
    others = drawn[:, 0, 0] == drawn[:, 1, 0]  # rows are independent
    assert float(others.float().mean()) < 0.5


def test_a_label_decides_what_is_drawn():
    """Maps of class k hold the index k alone."""
    rng = torch.Generator().manual_seed(1)

    def batch():
        label = torch.randint(5, (32,), generator=rng)
        return label[:, None, None].expand(32, 3, 4), label

    sampler = learn(LabeledTransformer(**FACTS, classes=5, layers=1, heads=2, width=16), 150, batch)
    label = torch.arange(5).repeat(8)
    drawn = sampler(40, label, rng=torch.Generator().manual_seed(2))
    assert (drawn == label[:, None, None]).float().mean() > 0.95
