"""Where a network is."""

import torch
from torch import nn

__all__ = ["device_of"]


def device_of(network: nn.Module) -> torch.device:
    """The device of the first of its weights; without weights the CPU."""
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))
