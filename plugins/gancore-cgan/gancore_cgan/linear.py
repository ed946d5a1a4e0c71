"""Fully connected layers with the initial weights of the networks for MNIST."""

from torch import nn

__all__ = ["linear"]

RANGE = 0.05
"""Initial weights are uniform in ± this: that of the generator in the first GAN's released configuration."""


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer with weights U(-0.05, 0.05) and biases 0."""
    layer = nn.Linear(inputs, outputs)
    nn.init.uniform_(layer.weight, -RANGE, RANGE)
    nn.init.zeros_(layer.bias)
    return layer
