"""The extractor of the core for colour images."""

import math
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
CLASSES = (
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
)


class EmojiNetwork(nn.Module):
    """32×32 RGB in [-1, 1] → 128 features of length √128, so that a coordinate has about the variance 1; and nine logits of them."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(3, (24, 48, 96), 64)
        self.embedding = nn.Linear(64 * 4 * 4, FEATURES)
        self.classifier = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 3, 32, 32)` → `(N, 128)`."""
        return F.normalize(self.embedding(self.trunk(image)), dim=1) * math.sqrt(FEATURES)


@part("emoji")
class Emoji(Extractor):
    """A small residual network that learnt to lay the same emoji of two vendors close (tools/train_emoji_extractor.py).

    The loss is the normalised temperature-scaled cross entropy of Chen et al. 2020 (SimCLR), arXiv:2002.05709, equation 1, where the two
    views are two vendors' drawings, and other emoji of the other vendor are the negatives. Compared are the features that the loss sees,
    with no projection head between. A linear layer tells the nine categories of emoji apart.

    Raises:
        FitError: images are not RGB.
    """

    version: ClassVar[int] = 1
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    resizer: ClassVar[str] = "bilinear to 32×32, antialiased where images shrink"
    classes: ClassVar[int] = len(CLASSES)

    def build(self) -> None:
        """The layers, with the weights that ship."""
        if self.image[0] != 3:
            raise FitError(
                f"{self.address} reads 3 channels; images have {self.image[0]}: take the extractor fashion for grey images, pixels for "
                f"any, or read the data with channels=3"
            )
        self.network = EmojiNetwork()
        take_shipped(self.network, self.title)
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 3, H, W)` in [-1, 1] → `(N, 128)` float32 of length √128."""
        features: Tensor = self.network(smooth(image.float(), SIZE).contiguous(memory_format=torch.channels_last))
        return features.float()

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, 128)` → logits `(N, 9)` of the categories `CLASSES`."""
        logits: Tensor = self.network.classifier(features)
        return logits
