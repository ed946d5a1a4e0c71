"""The perceptual distance of ESRGAN."""

from typing import Any

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import as_tuple, is_number
from gancore.errors import FitError
from gancore.measure import ExtractorDistance

__all__ = ["FeatureL1"]


def _weights(_: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not all(is_number(number) and number >= 0 for number in value):
        raise ValueError(f"{attribute.name} must be numbers of at least 0, one for each map; got {value!r}")


@part("feature-l1")
class FeatureL1(ExtractorDistance):
    """Σ w_i E |φ_i(x) - φ_i(y)|: the mean absolute differences of the maps φ_i of an extractor.

    Papers: Wang et al. 2018 (ESRGAN), arXiv:1809.00219, section 3.3: the last map of VGG19, before its
    activation; Wang et al. 2021 (Real-ESRGAN), arXiv:2107.10833, section 4.1: five maps with the weights 0.1,
    0.1, 1, 1, 1. Those weights of VGG19 do not come with gancore; by default the maps are those of fashion
    for gray images, emoji for RGB, and pixels for others. With torchvision's file of them, `extractor/vgg19`
    has the papers' maps.

    Images `(N, C, H, W)` in [-1, 1] → `(N,)`.

    Raises:
        FitError: there are not as many weights as maps.
    """

    examples = ({"extractor": {"part": "pixels", "size": 4}, "weights": [0.5]},)

    weights: tuple[float, ...] = field(
        default=(), converter=as_tuple, validator=_weights, help="weights of the maps; none: all 1"
    )

    def build(self) -> None:
        """Takes the extractor, and checks that the weights are as many as its maps."""
        super().build()
        count = len(self.network.maps(torch.zeros(1, *self.image)))
        if self.weights and len(self.weights) != count:
            raise FitError(
                f"{self.qualified_name} has {len(self.weights)} weights, but {self.network.qualified_name} "
                f"gives {count} maps; give one weight for each map, or none"
            )

    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
        with torch.no_grad():
            wanted = self.network.maps(target)
        found = self.network.maps(image)
        apart = [(x - y).abs().flatten(1).mean(1) for x, y in zip(found, wanted, strict=True)]  # each (N,)
        weights = self.weights or (1.0,) * len(apart)
        return torch.stack([w * d for w, d in zip(weights, apart, strict=True)]).sum(0)
