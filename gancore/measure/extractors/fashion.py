"""The extractor of the core for gray images."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from gancore.component.part import part
from gancore.measure.extractors.small_network import SmallExtractor, Trunk

FEATURES = 128
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


class FashionNetwork(nn.Module):
    """32×32 gray in [-1, 1] → 128 features, none below zero; and ten logits of them."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(1, (16, 32, 64), 32)
        self.embedding = nn.Linear(32 * 4 * 4, FEATURES)
        self.classifier = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 1, 32, 32)` → `(N, 128)`."""
        return F.relu(self.embedding(self.trunk(image)))


@part("fashion")
class Fashion(SmallExtractor):
    """A small residual network trained to classify Fashion-MNIST (tools/train_fashion_extractor.py).

    The data: Xiao et al. 2017, arXiv:1708.07747; only the 60,000 training images were used. The features are
    its last hidden layer.

    Raises:
        FitError: images are not gray.
    """

    version: ClassVar[int] = 1
    classes: ClassVar[int] = len(CLASSES)
    channels: ClassVar[int] = 1
    network_class: ClassVar[type[nn.Module]] = FashionNetwork
    instead: ClassVar[str] = "emoji for RGB images"
