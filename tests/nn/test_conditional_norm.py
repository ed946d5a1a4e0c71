from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional

from gancore.nn.conditional_norm import ClassVectors, ConditionalBatchNorm2d, ConditionalInstanceNorm2d
from gancore.nn.initializers import normal_weights
from gancore.nn.labels import LabelEmbedding

BY_CLASS = partial(ClassVectors, 4)
BOTH = [ConditionalBatchNorm2d, ConditionalInstanceNorm2d]


def plain(cls, x):
    if cls is ConditionalBatchNorm2d:
        return functional.batch_norm(x, None, None, training=True)
    return functional.instance_norm(x)


@pytest.mark.parametrize("cls", BOTH)
def test_it_starts_as_plain_normalization(cls):
    x = torch.randn(5, 3, 4, 6).double() * 2 + 1
    assert torch.allclose(cls(3, BY_CLASS).double()(x, torch.tensor([0, 1, 2, 3, 3])), plain(cls, x))


@pytest.mark.parametrize("cls", BOTH)
def test_each_sample_gets_scale_and_bias_of_its_class(cls):
    layer = cls(3, BY_CLASS).double()
    for vectors in (layer.gain, layer.bias):
        nn.init.normal_(vectors.weight)
    x, label = torch.randn(5, 3, 4, 6).double(), torch.tensor([0, 1, 2, 3, 3])
    normal = plain(cls, x)
    for i, k in enumerate(label.tolist()):
        scale, bias = 1 + layer.gain.weight[k], layer.bias.weight[k]
        assert torch.allclose(layer(x, label)[i], normal[i] * scale[:, None, None] + bias[:, None, None])


@pytest.mark.parametrize("cls", BOTH)
def test_soft_labels_take_the_mixture(cls):
    layer = cls(3, BY_CLASS).double()
    nn.init.normal_(layer.bias.weight)
    x, label = torch.randn(3, 3, 4, 4).double(), torch.tensor([0, 2, 3])
    assert torch.allclose(layer(x, functional.one_hot(label, 4).double()), layer(x, label))
    half = torch.full((3, 4), 0.25).double()
    expected = plain(cls, x) + layer.bias.weight.mean(0)[:, None, None]
    assert torch.allclose(layer(x, half), expected)


@pytest.mark.parametrize("cls", BOTH)
def test_a_vector_is_read_by_what_the_user_chooses(cls):
    layer = cls(3, partial(nn.Linear, 7, bias=False)).double()
    x, vector = torch.randn(4, 3, 4, 4).double(), torch.randn(4, 7).double()
    scale, bias = 1 + vector @ layer.gain.weight.t(), vector @ layer.bias.weight.t()
    assert torch.allclose(layer(x, vector), plain(cls, x) * scale[:, :, None, None] + bias[:, :, None, None])


def test_batch_norm_keeps_running_statistics_and_uses_them_in_eval_mode():
    layer, other = ConditionalBatchNorm2d(3, BY_CLASS, momentum=0.2), nn.BatchNorm2d(3, momentum=0.2)
    x, label = torch.randn(6, 3, 4, 4) * 3 + 2, torch.zeros(6, dtype=torch.int64)
    for _ in range(3):
        layer(x, label), other(x)
    assert torch.equal(layer.norm.running_mean, other.running_mean)
    assert torch.allclose(layer.eval()(x, label), other.eval()(x))
    assert torch.allclose(layer(x[:1], label[:1]), layer(x, label)[:1], atol=1e-6)


def test_instance_norm_leaves_samples_apart():
    layer = ConditionalInstanceNorm2d(3, BY_CLASS).double()
    x, label = torch.randn(4, 3, 4, 4).double(), torch.tensor([0, 1, 2, 3])
    assert torch.allclose(layer(x, label)[2:3], layer(x[2:3], label[2:3]))


@pytest.mark.parametrize("cls", BOTH)
def test_it_is_twice_differentiable(cls):
    layer = cls(2, BY_CLASS).double()
    nn.init.normal_(layer.gain.weight)
    x, label = torch.randn(3, 2, 2, 2).double().requires_grad_(), torch.tensor([0, 1, 3])
    assert torch.autograd.gradgradcheck(lambda x: layer(x, label), x)


@pytest.mark.parametrize("cls", BOTH)
def test_under_autocast_maps_keep_their_precision(cls):
    layer = cls(3, BY_CLASS)
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.randn(2, 3, 4, 4).bfloat16(), torch.tensor([0, 1])).dtype == torch.bfloat16


def test_initializers_leave_the_vectors_of_classes_at_zero():
    layer = ConditionalBatchNorm2d(3, BY_CLASS)
    normal_weights(layer)
    assert not layer.gain.weight.any() and not layer.bias.weight.any()


def test_an_embedding_of_labels_takes_soft_ones_too():
    layer = LabelEmbedding(4, 6)
    label = torch.tensor([3, 0])
    assert torch.equal(layer(label), layer.weight[label])
    assert torch.allclose(layer(functional.one_hot(label, 4).float()), layer.weight[label])
