"""The shape of a discriminator's features, found by a pass over one blank image."""

import torch

from gancore.component.interfaces import Discriminator, Shape
from gancore.component.randomness import seeded


def feature_shape(discriminator: Discriminator) -> Shape | None:
    """The shape of the features of one image; None while the discriminator waits for facts.

    Runs in eval mode without gradients, so that no state moves, and leaves the global generators alone.
    """
    if not discriminator.built:
        return None
    weight = next(discriminator.parameters(), torch.empty(0))
    training = {module: module.training for module in discriminator.modules()}
    image = torch.zeros(1, *discriminator.image, device=weight.device, dtype=weight.dtype)
    try:
        with torch.no_grad(), seeded(0, weight.device):
            return tuple(discriminator.eval().forward_features(image).shape[1:])
    finally:
        for module, flag in training.items():
            module.training = flag
