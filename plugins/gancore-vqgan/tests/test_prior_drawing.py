import math

import pytest
import torch
from gancore_vqgan.prior.drawing import drawn, filtered

PROBABILITY = [0.05, 0.5, 0.15, 0.3]
LOGITS = torch.tensor(PROBABILITY).log()


def kept(**options):
    return filtered(LOGITS, **options).softmax(-1).tolist()


def test_the_temperature_divides_the_logits():
    cold = [p**2 for p in PROBABILITY]
    assert kept(temperature=0.5) == pytest.approx([p / sum(cold) for p in cold], abs=1e-6)


@pytest.mark.parametrize(("k", "indices"), [(1, [1]), (2, [1, 3]), (3, [1, 2, 3]), (4, [0, 1, 2, 3])])
def test_top_k_keeps_the_most_probable(k, indices):
    total = sum(PROBABILITY[i] for i in indices)
    expected = [p / total if i in indices else 0 for i, p in enumerate(PROBABILITY)]
    assert kept(top_k=k) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("p", "indices"),
    [(0.01, [1]), (0.49, [1]), (0.51, [1, 3]), (0.79, [1, 3]), (0.81, [1, 2, 3]), (1.0, [0, 1, 2, 3])],
)
def test_top_p_keeps_the_fewest_that_reach_it(p, indices):
    total = sum(PROBABILITY[i] for i in indices)
    expected = [q / total if i in indices else 0 for i, q in enumerate(PROBABILITY)]
    assert kept(top_p=p) == pytest.approx(expected, abs=1e-6)


def test_top_p_counts_what_top_k_left():
    # of 0.5 and 0.3 the first has 0.625
    assert kept(top_k=2, top_p=0.6) == pytest.approx([0, 1, 0, 0])


def test_an_index_is_drawn_where_the_distribution_function_passes_the_noise():
    # F = 0.05, 0.55, 0.7, 1
    noise = torch.tensor([0, 0.049, 0.051, 0.549, 0.551, 0.699, 0.701, 1 - 2**-24])
    assert drawn(LOGITS.expand(8, 4), noise).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_frequencies_are_the_probabilities():
    noise = torch.rand(200_000, generator=torch.Generator().manual_seed(0))
    counts = drawn(LOGITS.expand(len(noise), 4), noise).bincount(minlength=4) / len(noise)
    bound = [4 * math.sqrt(p * (1 - p) / len(noise)) for p in PROBABILITY]
    assert all(abs(c - p) < b for c, p, b in zip(counts.tolist(), PROBABILITY, bound, strict=True))


def test_what_is_filtered_out_is_never_drawn():
    logits = torch.tensor([-math.inf, 0.0, -math.inf, 0.0, -math.inf])
    noise = torch.cat([torch.tensor([0.0, 0.5, 1 - 2**-24]), torch.rand(1000)])
    assert set(drawn(logits.expand(len(noise), 5), noise).tolist()) == {1, 3}
