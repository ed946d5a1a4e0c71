"""The distance of images by the features of a network."""

import torch
from torch import Tensor

from gancore.component.part import part
from gancore.measure.extractor_distance import ExtractorDistance

__all__ = ["FeatureDistance"]


@part("features")
class FeatureDistance(ExtractorDistance):
    """The mean squared difference of the features that an extractor makes of two images.

    Paper: Johnson et al. 2016, arXiv:1603.08155, section 3.2, the feature reconstruction loss: the squared
    Euclidean distance, divided by the number of features. The paper's features are a map of VGG-16; here they
    are what the extractor makes, by default fashion for gray images, emoji for RGB, pixels for others.

    Images `(N, C, H, W)` in [-1, 1] → `(N,)`.
    """

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
        with torch.no_grad():
            wanted = self.network(target)  # (N, D)
        apart: Tensor = self.network(image) - wanted
        return apart.square().mean(1)  # (N,)
