import math

import pytest
import torch

from gancore.nn import MinibatchDiscrimination


def layer(*rows, **options):
    made = MinibatchDiscrimination(2, kernels=2, size=1, **options)
    with torch.no_grad():
        made.weight.copy_(torch.tensor(rows or ((1.0, 0.0), (0.0, 2.0))))
    return made


def test_it_sums_the_kernels_over_the_other_samples():
    """Kernel 1 sees the first feature; kernel 2 sees twice the second one."""
    x = torch.tensor([[0.0, 0.0], [1.0, 0.0], [3.0, 1.0]])
    one = [math.exp(-1) + math.exp(-3), math.exp(-1) + math.exp(-2), math.exp(-3) + math.exp(-2)]
    two = [1 + math.exp(-2), 1 + math.exp(-2), 2 * math.exp(-2)]
    found = layer()(x)
    assert found[:, 0].tolist() == pytest.approx(one) and found[:, 1].tolist() == pytest.approx(two)


def test_a_kernel_of_several_dimensions_is_of_the_sum_of_distances():
    made = MinibatchDiscrimination(3, kernels=2, size=2)
    x = torch.randn(2, 3)
    matrices = (x @ made.weight).detach().reshape(2, 2, 2)
    expected = [math.exp(-float((matrices[0, b] - matrices[1, b]).abs().sum())) for b in range(2)]
    assert made(x)[0].tolist() == pytest.approx(expected) and made(x)[1].tolist() == pytest.approx(expected)


def test_whole_groups_equal_the_whole_and_a_remainder_is_a_group():
    made, x = MinibatchDiscrimination(3, 4, group=2).double(), torch.randn(5, 3).double()
    assert torch.allclose(made(x), torch.cat([made(x[:2]), made(x[2:4]), made(x[4:])]), atol=1e-14)
    assert torch.equal(made(x)[4], torch.zeros(4).double())


def test_the_batch_is_one_group_where_none_is_given():
    made, x = MinibatchDiscrimination(3, 4).double(), torch.randn(4, 3).double()
    assert not torch.allclose(made(x)[:2], made(x[:2]))
    made.group = 4
    assert torch.equal(made(x), MinibatchDiscrimination.nearness(made, x @ made.weight))


def test_it_is_twice_differentiable():
    x = torch.randn(3, 2).double().requires_grad_()
    assert torch.autograd.gradgradcheck(MinibatchDiscrimination(2, 2, 2).double(), x)
