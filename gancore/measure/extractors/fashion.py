"""The extractor of the core for grey images."""

from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gancore.errors import FitError
from gancore.interfaces import Extractor
from gancore.measure.extractors.resizing import smooth
from gancore.measure.extractors.small_network import Trunk, take_shipped
from gancore.parts import part

SIZE = 32
FEATURES = 128
CLASSES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


class FashionNetwork(nn.Module):
    """32×32 grey in [-1, 1] → 128 features, none below zero; and ten logits of them."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(1, (16, 32, 64), 32)
        self.embedding = nn.Linear(32 * 4 * 4, FEATURES)
        self.classifier = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 1, 32, 32)` → `(N, 128)`."""
        return F.relu(self.embedding(self.trunk(image)))


@part("fashion")
class Fashion(Extractor):
    """A small residual network that learnt to tell the ten classes of Fashion-MNIST apart (tools/train_fashion_extractor.py).

    The data: Xiao et al. 2017, arXiv:1708.07747; it learnt from the 60,000 training images alone. Compared is its last hidden layer.

    Raises:
        FitError: images are not grey.
    """

    version: ClassVar[int] = 1
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    resizer: ClassVar[str] = "bilinear to 32×32, antialiased where images shrink"
    classes: ClassVar[int] = len(CLASSES)

    def build(self) -> None:
        """The layers, with the weights that ship."""
        if self.image[0] != 1:
            raise FitError(
                f"{self.address} reads 1 channel; images have {self.image[0]}: take the extractor emoji for RGB images, pixels for any, "
                f"or read the data with channels=1"
            )
        self.network = FashionNetwork()
        take_shipped(self.network, self.title)
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 1, H, W)` in [-1, 1] → `(N, 128)` float32 from 0 up."""
        features: Tensor = self.network(smooth(image.float(), SIZE).contiguous(memory_format=torch.channels_last))
        return features.float()

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, 128)` → logits `(N, 10)` of the classes `CLASSES`."""
        logits: Tensor = self.network.classifier(features)
        return logits
