"""The features of any discriminator as one vector for each image, for parts that add to its scores."""

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator

__all__ = ["added", "blank_features", "feature_vectors", "vector_width"]


def feature_vectors(features: Tensor, scores: Tensor) -> Tensor:
    """Features `(N, …)` → `(N, D)`: flattened, or if the scores are patches the mean over places."""
    return features.flatten(2).mean(2) if scores.dim() == 4 else features.flatten(1)


def blank_features(network: Discriminator) -> Tensor:
    """The features of one blank image `(1, …)`, by a pass in eval mode without gradients."""
    mode = network.training
    with torch.no_grad():
        features = network.eval().forward_features(torch.zeros(1, *network.image))
    network.train(mode)
    return features


def vector_width(network: Discriminator) -> int:
    """D of `feature_vectors`, by a pass in eval mode."""
    features, mode = blank_features(network), network.training
    with torch.no_grad():
        label = torch.zeros(1, dtype=torch.int64) if network.conditional else None
        scores = network.eval().forward_head(features, label)
    network.train(mode)
    return feature_vectors(features, scores).shape[1]


def added(scores: Tensor, more: Tensor) -> Tensor:
    """Scores `(N,)` or `(N, 1, h, w)` plus one number `(N,)` for each image."""
    return scores + more.reshape(-1, *[1] * (scores.dim() - 1))
