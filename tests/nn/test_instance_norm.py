import torch
from torch.nn import functional

from gancore.nn.instance_norm import InstanceNorm


def test_instance_normalization_gives_each_channel_mean_0_and_variance_1():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True)
    assert torch.allclose(InstanceNorm()(x), (x - mean) / (variance + 1e-5).sqrt(), atol=1e-12)
    assert torch.allclose(InstanceNorm()(x), functional.instance_norm(x), atol=1e-12)
