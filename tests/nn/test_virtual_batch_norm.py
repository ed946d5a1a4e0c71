import pytest
import torch
from torch import nn

from gancore.errors import FitError
from gancore.nn import ConditionalBatchNorm2d, VirtualBatchNorm
from gancore.nn.conditional_norm import ClassVectors
from gancore.nn.virtual_batch_norm import made_virtual, with_reference


@pytest.mark.parametrize("shape", [(), (2, 3)])
def test_a_sample_is_normalized_with_the_reference_batch_as_one_batch(shape):
    layer, reference, x = VirtualBatchNorm(4), torch.randn(5, 4, *shape) * 3 + 1, torch.randn(2, 4, *shape)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        layer.bias.fill_(0.5)
    found = with_reference(layer, layer, reference, x)
    for row in range(2):
        joint = torch.cat([reference, x[row : row + 1]]).transpose(0, 1).flatten(1)  # (4, 6 · H · W)
        mean, deviation = joint.mean(1), (joint.var(1, correction=0) + 1e-5).sqrt()
        one = (x[row].reshape(4, -1) - mean[:, None]) / deviation[:, None] * layer.weight[:, None] + 0.5
        assert torch.allclose(found[row].reshape(4, -1), one, atol=1e-5)


def test_the_reference_batch_is_normalized_by_itself_and_gradients_flow_through_it():
    layer, reference = VirtualBatchNorm(3), torch.randn(6, 3, 4, 4).requires_grad_()
    made = []
    with_reference(
        layer, lambda given: made.append(layer(given)) or made[-1], reference, torch.randn(1, 3, 4, 4)
    )
    assert torch.allclose(made[0], nn.BatchNorm2d(3)(reference), atol=1e-5)
    made[1].square().sum().backward()
    assert reference.grad.abs().sum() > 0


def test_without_a_reference_it_says_so_and_none_stays_behind():
    layer = VirtualBatchNorm(3)
    with_reference(layer, layer, torch.randn(2, 3), torch.randn(1, 3))
    with pytest.raises(FitError, match="needs a reference batch; call the network through"):
        layer(torch.randn(2, 3))


def test_it_stands_in_place_of_batch_normalization_with_its_weights():
    plain = nn.BatchNorm2d(4)
    by_class = ConditionalBatchNorm2d(4, lambda channels: ClassVectors(3, channels))
    network = nn.Sequential(plain, by_class)
    assert made_virtual(network) == 2 and made_virtual(network) == 2 and made_virtual(nn.Identity()) == 0
    assert network[0].weight is plain.weight and by_class.norm.weight is None
    assert not dict(network.named_buffers())


def test_it_is_twice_differentiable():
    layer, x = VirtualBatchNorm(2).double(), torch.randn(2, 2, 1, 2).double().requires_grad_()
    reference = torch.randn(3, 2, 1, 2).double()
    assert torch.autograd.gradgradcheck(lambda given: with_reference(layer, layer, reference, given), x)
