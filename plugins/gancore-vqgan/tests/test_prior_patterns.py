"""The sparse patterns, as sets, from the definitions of Child et al. 2019, section 4.3."""

import pytest
import torch
from gancore_vqgan.prior import Dense, Fixed, Strided


def mask_of(sets):
    return torch.tensor([[j in seen for j in range(len(sets))] for seen in sets])


@pytest.mark.parametrize(("length", "stride"), [(16, 4), (13, 5), (4, 7)])
def test_strided(length, stride):
    first = [set(range(max(0, i - stride), i + 1)) for i in range(length)]
    second = [{j for j in range(i + 1) if (i - j) % stride == 0} for i in range(length)]
    found = Strided(stride=stride)(length, 99)
    assert torch.equal(found[0], mask_of(first)) and torch.equal(found[1], mask_of(second))
    assert torch.equal(Strided()(length, stride), found)


@pytest.mark.parametrize(("length", "stride", "summary"), [(16, 4, 1), (13, 5, 2), (4, 7, 3)])
def test_fixed(length, stride, summary):
    first = [{j for j in range(i + 1) if j // stride == i // stride} for i in range(length)]
    last = set(range(stride - summary, stride + 1))
    second = [{j for j in range(i + 1) if j % stride in last} | {i} for i in range(length)]
    found = Fixed(stride=stride, summary=summary)(length, 99)
    assert torch.equal(found[0], mask_of(first)) and torch.equal(found[1], mask_of(second))
    assert torch.equal(Fixed(summary=summary)(length, stride), found)


@pytest.mark.parametrize("pattern", [Strided(stride=4), Fixed(stride=4, summary=1)])
def test_two_steps_reach_every_token_before(pattern):
    """What makes a factorization valid: section 4.2."""
    first, second = pattern(16, 4).float()
    reached = (second @ first > 0) | (first @ second > 0)
    assert reached.tril(-4)[reached.new_ones(16, 16).tril(-4)].all()
    assert torch.equal(Dense()(16, 4)[0], torch.ones(16, 16).tril().bool())
