"""The distance of images by the maps of a network."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from gancore.component.part import field, part
from gancore.errors import FitError
from gancore.measure.extractor_distance import ExtractorDistance
from gancore.published import read_networks

__all__ = ["Perceptual"]

EPSILON = 1e-10


@part("perceptual")
class Perceptual(ExtractorDistance):
    """The squared differences of the maps of an extractor, each vector of a map divided by its length.

    Paper: Zhang et al. 2018 (LPIPS), arXiv:1801.03924, section 3.2, eq. 1: at each place the squared
    differences are summed over the channels with weights w, averaged over places, and summed over maps. Any
    extractor with `maps` serves; by default fashion for gray images, emoji for RGB, pixels for others. LPIPS
    itself is `extractor/vgg16` with VGG's weights and, as `weights`, a file of LPIPS's w; without it all w
    are 1. The released code adds 1e-10 to the length of a vector, here it is added to its square, so that
    vectors of zeros have a gradient.

    Images `(N, C, H, W)` in [-1, 1] → `(N,)`.

    Raises:
        FitError: the weights of the file are not as many as the channels of the maps.
        CheckpointError: the file cannot be read.
    """

    weights: str = field(default="", help="file of LPIPS's weights of the channels; default: all 1")

    def build(self) -> None:
        """Takes the extractor, and reads the weights."""
        super().build()
        self.of_channels = nn.ParameterList(_weights(self) if self.weights else [])

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
        with torch.no_grad():
            wanted = self.network.maps(target)
        apart = []
        for i, (found, other) in enumerate(zip(self.network.maps(image), wanted, strict=True)):
            squares = (directions(found) - directions(other)).square()  # (N, C_i, H_i, W_i)
            if self.of_channels:
                squares = squares * self.of_channels[i][:, None, None]
            apart.append(squares.sum(1).mean((1, 2)))  # (N,)
        return torch.stack(apart).sum(0)


def directions(maps: Tensor) -> Tensor:
    """Each vector `(C,)` of maps `(N, C, H, W)` divided by its length."""
    return maps * torch.rsqrt(maps.square().sum(1, keepdim=True) + EPSILON)


def _weights(part: Perceptual) -> Sequence[nn.Parameter]:
    """The weights in a file under the names of LPIPS's released ones, `lin0.model.1.weight` and so on."""
    networks = read_networks(Path(part.weights).expanduser())
    found = {
        int(match[1]): value.flatten().float()
        for network in networks.values()
        for name, value in network.tensors.items()
        if (match := re.fullmatch(r"(?:.*\.)?lin(\d+)\.model\.\d+\.weight", name))
    }
    channels = [maps.shape[1] for maps in part.network.maps(torch.zeros(1, *part.image))]
    given = [len(found[i]) for i in sorted(found)]
    if given != channels:
        raise FitError(
            f"{part.weights} has weights for maps of {given or 'no'} channels, but "
            f"{part.network.qualified_name} gives {channels}; give weights that were learned for these maps"
        )
    return [nn.Parameter(found[i], requires_grad=False) for i in sorted(found)]
