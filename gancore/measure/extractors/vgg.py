"""The networks that LPIPS and ESRGAN compare images by."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gancore.component.interfaces import Extractor
from gancore.component.part import field, interface, part
from gancore.component.validators import whole
from gancore.errors import FitError, MeasureError
from gancore.published import read_networks
from gancore.storage.files import sha256

__all__ = ["VGG16", "VGG19"]

CHANNELS = (1, 2, 4, 8, 8)
"""At each size, as multiples of those at the first."""
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the values of ImageNet's images in [0, 1], by which the published weights expect them normalized."""
SMALLEST = 16


@interface("extractor")
class VGG(Extractor):
    """The convolutions of a configuration of VGG (Simonyan & Zisserman 2014, arXiv:1409.1556, table 1)."""

    counts: ClassVar[tuple[int, ...]]
    """The number of convolutions at each size."""
    published: ClassVar[str]
    """The name of torchvision's file."""
    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"weights": "none", "width": 2, "image": (3, 16, 20)},
        {"weights": "none", "width": 2, "image": (1, 16, 16)},
    )
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    weights: str = field(default="", help="file of the weights, or none for random ones")
    width: int = field(
        default=64, validator=whole(1), help="channels of the first map; published weights have 64"
    )
    rectified: bool = field(default=True, help="whether maps are those after the rectifiers, or before")

    @property
    def title(self) -> str:
        """`vgg16-1a2b3c4d`, with the start of the file's hash; `vgg16-unweighted` with random weights."""
        return f"{self.name}-{self.__dict__.get('_mark') or 'unweighted'}"

    def build(self) -> None:
        """Makes the convolutions, with the weights of the file."""
        self._check()
        self._mark = ""
        levels = zip(CHANNELS, self.counts, strict=True)
        widths = [3, *(self.width * times for times, count in levels for _ in range(count))]
        self.convolutions = nn.ModuleList(nn.Conv2d(*pair, 3, padding=1) for pair in pairwise(widths))
        self.means, self.deviations = (
            nn.Buffer(torch.tensor(values)[:, None, None], persistent=False) for values in (MEANS, DEVIATIONS)
        )
        for layer in self.convolutions:
            nn.init.kaiming_uniform_(layer.get_parameter("weight"), nonlinearity="relu")
        if self.weights != "none":
            self._mark = _read(Path(self.weights).expanduser(), self)
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` in [-1, 1] → `(N, 512)` float32."""
        return self.maps(image)[-1].mean((2, 3))

    def maps(self, image: Tensor) -> list[Tensor]:
        """The five maps, of 64, 128, 256, 512 and 512 channels, at the size of the image to 1/16 of it."""
        x = (((image.float() + 1) / 2).expand(-1, 3, -1, -1) - self.means) / self.deviations
        x, layers = x.contiguous(memory_format=torch.channels_last), iter(self.convolutions)
        found: list[Tensor] = []
        for count in self.counts:
            x = F.max_pool2d(F.relu(x), 2) if found else x
            for i in range(count):
                x = next(layers)(F.relu(x) if i else x)
            x = F.relu(x) if self.rectified else x
            found.append(x)
        return [maps.float() for maps in found]

    def _check(self) -> None:
        channels, height, width = self.image
        if channels not in (1, 3) or min(height, width) < SMALLEST:
            raise FitError(
                f"{self.qualified_name} reads images of 1 or 3 channels and at least {SMALLEST}×{SMALLEST}; "
                f"these are {channels}×{height}×{width}: take another extractor, such as pixels"
            )
        if not self.weights:
            raise MeasureError(
                f"{self.qualified_name} needs weights, which do not come with gancore: give it a file, such "
                f"as torchvision's {self.published}, as weights=FILE"
            )


@part("vgg16")
class VGG16(VGG):
    """The convolutions of VGG's configuration D; its maps are those before each halving, after rectifiers.

    Papers: Simonyan & Zisserman 2014, arXiv:1409.1556, table 1, column D; Zhang et al. 2018 (LPIPS),
    arXiv:1801.03924, whose VGG reads these five maps. Images keep their size; gray ones are repeated three
    times. Features are the means of the last map.

    The 14,714,688 weights do not come with gancore: `weights` is a file of torchvision's state dict
    (`vgg16-397923af.pth`) or of its `features`. They are read without running code.

    Raises:
        FitError: images have other than 1 or 3 channels, or a side below 16.
        MeasureError: no file of weights is given, or it holds other weights.
        CheckpointError: the file cannot be read.
    """

    counts: ClassVar[tuple[int, ...]] = (2, 2, 3, 3, 3)
    published: ClassVar[str] = "vgg16-397923af.pth"


@part("vgg19")
class VGG19(VGG):
    """The convolutions of VGG's configuration E; its maps are those before each halving, before rectifiers:
    conv1_2, conv2_2, conv3_4, conv4_4 and conv5_4.

    Papers: Simonyan & Zisserman 2014, arXiv:1409.1556, table 1, column E; Wang et al. 2018 (ESRGAN),
    arXiv:1809.00219, section 3.3, which compares the last map before its activation; Wang et al. 2021
    (Real-ESRGAN), arXiv:2107.10833, section 4.1, which compares all five. Images keep their size; gray ones
    are repeated three times. Features are the means of the last map.

    The 20,024,384 weights do not come with gancore: `weights` is a file of torchvision's state dict
    (`vgg19-dcbb9e9d.pth`) or of its `features`. They are read without running code.

    Raises:
        FitError: images have other than 1 or 3 channels, or a side below 16.
        MeasureError: no file of weights is given, or it holds other weights.
        CheckpointError: the file cannot be read.
    """

    counts: ClassVar[tuple[int, ...]] = (2, 2, 4, 4, 4)
    published: ClassVar[str] = "vgg19-dcbb9e9d.pth"

    rectified: bool = field(default=False, help="whether maps are those after the rectifiers, or before")


def _read(path: Path, network: VGG) -> str:
    """Copies the weights of a file into the convolutions; returns the start of its hash."""
    states = [network.tensors for network in read_networks(path).values()]
    mine = list(network.convolutions.parameters())
    for state in states:
        found = _of_features(state)
        if [value.shape for value in found] == [value.shape for value in mine]:
            for value, other in zip(mine, found, strict=True):
                value.data.copy_(other)
            return sha256(path.resolve())[:8]
    raise MeasureError(
        f"{path} does not hold the weights of {type(network).__name__}'s convolutions; give torchvision's "
        f"{network.published}"
    )


def _of_features(state: Mapping[str, Tensor]) -> list[Tensor]:
    """Weights and biases of the convolutions in their order."""
    named = {name.removeprefix("features."): value for name, value in state.items()}
    places = sorted({int(first) for first in (name.partition(".")[0] for name in named) if first.isdecimal()})
    names = [f"{place}.{kind}" for place in places for kind in ("weight", "bias")]
    return [named[name] for name in names if name in named]
