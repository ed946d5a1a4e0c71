"""The weights of hidden units as pictures."""

import math

import torch
from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.errors import UserError


def hidden_filters(generator: Generator, count: int = 100) -> Tensor:
    """The weights between the image and the hidden units that reach it, as images `(n, C, H, W)` in [-1, 1]:
    the `count` of largest norm, largest first. Each is divided by its largest magnitude, so that gray is 0.

    Raises:
        UserError: the last layer of the generator is no matrix from hidden units to the values of an image.
    """
    weight, size = generator.last_layer().detach(), math.prod(generator.image)
    if weight.dim() != 2 or len(weight) != size:
        raise UserError(
            f"the last layer of {generator.qualified_name} has weights {tuple(weight.shape)}; filters "
            f"are columns of {size} values, one for each value of an image; give a run of rbm or dbn"
        )
    order = weight.norm(dim=0).argsort(descending=True, stable=True)[:count]
    columns = weight[:, order].T.float().cpu()  # (n, D)
    largest = columns.abs().amax(1, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny)
    return (columns / largest).reshape(-1, *generator.image)
