"""The extractor of the core for color images."""

import math
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from gancore.component.part import part
from gancore.measure.extractors.small_network import SmallExtractor, Trunk

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
    """32×32 RGB in [-1, 1] → 128 features of length √128, so a coordinate has a variance of about 1; and nine
    logits of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(3, (24, 48, 96), 64)
        self.embedding = nn.Linear(64 * 4 * 4, FEATURES)
        self.classifier = nn.Linear(FEATURES, len(CLASSES))

    def forward(self, image: Tensor) -> Tensor:
        """`(N, 3, 32, 32)` → `(N, 128)`."""
        return F.normalize(self.embedding(self.trunk(image)), dim=1) * math.sqrt(FEATURES)


@part("emoji")
class Emoji(SmallExtractor):
    """A small residual network trained to map two vendors' drawings of an emoji to nearby features
    (tools/train_emoji_extractor.py).

    The loss is the normalized temperature-scaled cross entropy of Chen et al. 2020 (SimCLR),
    arXiv:2002.05709, equation 1, where the two views are two vendors' drawings, and other emoji of the other
    vendor are the negatives. The features are those the loss sees, without a projection head. A linear layer
    predicts the nine categories of emoji.

    Raises:
        FitError: images are not RGB.
    """

    version: ClassVar[int] = 1
    classes: ClassVar[int] = len(CLASSES)
    channels: ClassVar[int] = 3
    network_class: ClassVar[type[nn.Module]] = EmojiNetwork
    instead: ClassVar[str] = "fashion for gray images"
