"""Nonlinearities by name."""

import torch
from torch import Tensor

ACTIVATION = "nonlinearity of the code: linear, sigmoid, tanh or relu"
CODE_ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu")
HIDDEN_ACTIVATIONS = ("relu", "sigmoid", "tanh")


def activated(name: str, x: Tensor) -> Tensor:
    """The nonlinearity of that name, of any shape."""
    if name == "linear":
        return x
    made: Tensor = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}[name](x)
    return made
