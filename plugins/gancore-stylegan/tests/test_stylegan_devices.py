"""Nothing stays on the CPU, and nothing is float64, which Apple's devices have not. The meta device refuses
what another would.
"""

from contextlib import nullcontext

import gancore_stylegan
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from gancore.component.interfaces import Augment, Conditioner, Discriminator, Generator
from gancore.testing.trial import configurations

NETWORKS = [
    cls
    for cls in gancore_stylegan.gancore_parts()
    if issubclass(cls, Conditioner | Generator | Discriminator | Augment)
]
N = 4


class OnOneDevice(TorchDispatchMode):
    """Refuses tensors of the CPU (but single numbers, which every device takes) and of float64."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves((args, kwargs, made)):
            if isinstance(tensor, torch.Tensor) and tensor.dim():
                assert tensor.device.type == "meta" and tensor.dtype != torch.float64, (
                    f"{func}: {tensor.device}, {tensor.dtype}"
                )
        return made


def given(network):
    classes = getattr(network, "classes", 0)
    label = (
        torch.zeros(N, dtype=torch.int64, device="meta")
        if getattr(network, "conditional", False) and classes
        else None
    )
    if isinstance(network, Generator):
        return (torch.randn(N, *network.code_shape, device="meta", requires_grad=True),)
    if isinstance(network, Conditioner):
        return torch.randn(N, *network.latent_shape, device="meta", requires_grad=True), label
    shape = (3, 16, 16) if isinstance(network, Augment) else network.image
    image = torch.randn(N, *shape, device="meta", requires_grad=True)
    return (image,) if isinstance(network, Augment) else (image, label)


@pytest.mark.slow
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("cls", NETWORKS, ids=lambda cls: f"{cls.kind}-{cls.name}")
def test_a_network_runs_on_one_device(cls, training, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # it does not know the meta device
    for configuration in configurations(cls):
        network = configuration.make()
        stage = getattr(network, "stage", None)
        network.to("meta").train(training)
        if stage is not None:
            network.stage = stage  # a single number, whose value is read
        differentiate(network)


def differentiate(network):
    with OnOneDevice():
        inputs = given(network)
        made = network(*inputs)
        (gradient,) = torch.autograd.grad(made.sum(), inputs[0], create_graph=True)
        if gradient.requires_grad:
            gradient.square().sum().backward()
        with torch.no_grad():
            network.update_buffers()
