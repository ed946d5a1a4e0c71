"""The residual network that the extractors of the core share, and the weights that ship with the package."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from gancore.component.interfaces import Extractor
from gancore.errors import FitError, MeasureError
from gancore.measure.extractors.resizing import smooth

SIZE = 32
WEIGHTS = Path(__file__).parent.parent / "weights"


class Residual(nn.Module):
    """Two 3×3 convolutions with a shortcut (He et al. 2015, arXiv:1512.03385, figure 2).

    There is no batch norm: training uses one after each convolution and folds it into the weights at the end.
    """

    def __init__(self, read: int, made: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(read, made, 3, stride, 1)
        self.second = nn.Conv2d(made, made, 3, 1, 1)
        self.shortcut = nn.Conv2d(read, made, 1, stride) if read != made or stride != 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """`(N, read, H, W)` → `(N, made, H / stride, W / stride)`."""
        return F.relu(self.shortcut(x) + self.second(F.relu(self.first(x))))


class Trunk(nn.Sequential):
    """32×32 images `(N, channels, 32, 32)` → flattened maps of `(N, last, 4, 4)`; `widths` are the channels
    at 32×32, 16×16 and 8×8.
    """

    def __init__(self, channels: int, widths: Sequence[int], last: int) -> None:
        first, second, third = widths
        super().__init__(
            *(nn.Conv2d(channels, first, 3, 1, 1), nn.ReLU()),
            *(Residual(first, second, stride=2), Residual(second, second)),
            *(Residual(second, third, stride=2), Residual(third, third)),
            *(nn.Conv2d(third, third, 3, 2, 1), nn.ReLU()),
            *(nn.Conv2d(third, last, 1), nn.ReLU(), nn.Flatten()),
        )


def take_shipped(network: nn.Module, title: str) -> None:
    """Fills a network with the weights that ship under `title`, stored in half precision.

    Raises:
        MeasureError: the file is missing or damaged.
    """
    path = WEIGHTS / f"{title}.safetensors"
    try:
        network.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        raise MeasureError(
            f"{path} cannot be read ({reason}); it is part of the package: install gancore again"
        ) from None


class SmallExtractor(Extractor):
    """An extractor whose network and weights ship with the package: `channels` at 32×32 → `(N, 128)` and
    classes.

    Raises:
        FitError: images have other channels.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    resizer: ClassVar[str] = "bilinear to 32×32, antialiased where images shrink"
    channels: ClassVar[int]
    network_class: ClassVar[type[nn.Module]]
    instead: ClassVar[str]
    """The extractor to use for other images."""

    def build(self) -> None:
        """The layers, with the weights that ship."""
        if self.image[0] != self.channels:
            raise FitError(
                f"{self.qualified_name} reads images with {self.channels} channel{'s'[: self.channels - 1]}, "
                f"these have {self.image[0]}: take the "
                f"extractor {self.instead}, pixels for any, or read the data with channels={self.channels}"
            )
        self.network = self.network_class()
        take_shipped(self.network, self.title)
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, channels, H, W)` in [-1, 1] → `(N, 128)` float32."""
        features: Tensor = self.network(
            smooth(image.float(), SIZE).contiguous(memory_format=torch.channels_last)
        )
        return features.float()

    def maps(self, image: Tensor) -> list[Tensor]:
        """The maps after each of the four residual blocks: at 16×16 twice, then twice at 8×8."""
        x, found = smooth(image.float(), SIZE).contiguous(memory_format=torch.channels_last), []
        for layer in self.network.get_submodule("trunk").children():
            x = layer(x)
            found += [x.float()] if isinstance(layer, Residual) else []
        return found

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, 128)` → logits `(N, classes)`."""
        logits: Tensor = self.network.get_submodule("classifier")(features)
        return logits
