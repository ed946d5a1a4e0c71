"""The network that defines the Fréchet inception distance."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gancore.component.interfaces import Extractor
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.errors import FitError
from gancore.measure.extractors.inception_blocks import MixedA, MixedB, MixedC, MixedD, MixedE, NormedConv
from gancore.measure.extractors.inception_weights import find, read
from gancore.measure.extractors.resizing import corner_bilinear

SIZE = 299


@part("inception-2015")
class Inception2015(Extractor):
    """The Inception network of 2015-12-05, on whose last pooled layer the Fréchet inception distance is
    defined.

    Papers: Szegedy et al. 2015, arXiv:1512.00567 (Inception v3); Heusel et al. 2017, arXiv:1706.08500,
    section 2 (FID). The published network differs from the paper's: its average pools exclude the padding,
    the last block uses max pooling, it has 1,008 classes, and its input was resized bilinearly without
    antialiasing, sampling at the corners of pixels. All of this is reproduced. Images are not rounded to 256
    levels here, because the scores do that for all images.

    Its 23,850,960 weights have the names in torch-fidelity's file. They are not part of the package: see
    `weights`.

    Raises:
        FitError: images have other than 1 or 3 channels. Gray ones are repeated three times.
        MeasureError: the weights are missing, cannot be downloaded, are not the published ones, or do not
        fit.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"weights": "none", "image": (3, 12, 16)},
        {"weights": "none", "image": (1, 16, 16)},
    )
    memory_format: ClassVar[torch.memory_format] = torch.channels_last
    resizer: ClassVar[str] = (
        "bilinear to 299×299 without antialiasing, samples at the corners of pixels, as TensorFlow 1 does"
    )
    classes: ClassVar[int] = 1008

    weights: str = field(
        default="",
        help="file of the weights (.pth or .safetensors), or none for random ones; "
        "default: $GANCORE_CACHE/weights, or a download",
    )

    @property
    def title(self) -> str:
        """`inception-2015` only with the published weights; others get a different title."""
        if self.weights == "none":
            return "inception-2015-unweighted"
        mark = self.__dict__.get("_mark", "")
        return f"inception-2015-{mark}" if mark else "inception-2015"

    def build(self) -> None:
        """The layers, with the published weights, those given, or random ones."""
        if self.image[0] not in (1, 3):
            raise FitError(
                f"{self.qualified_name} reads 1 or 3 channels; images have {self.image[0]}: "
                "give channels=3, or take the extractor pixels"
            )
        self._mark = ""
        with torch.device("meta"):
            self._make_layers()
        self.to_empty(device="cpu")
        self.apply(_fill)
        if self.weights != "none":
            path, self._mark = find(self.weights)
            read(path, self)
        self.eval().requires_grad_(False)

    def _make_layers(self) -> None:
        self.Conv2d_1a_3x3 = NormedConv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = NormedConv(32, 32, 3)
        self.Conv2d_2b_3x3 = NormedConv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = NormedConv(64, 80, 1)
        self.Conv2d_4a_3x3 = NormedConv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = MixedA(192, 32), MixedA(256, 64), MixedA(288, 64)
        self.Mixed_6a = MixedB(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (
            MixedC(768, width) for width in (128, 160, 160, 192)
        )
        self.Mixed_7a = MixedD(768)
        self.Mixed_7b, self.Mixed_7c = MixedE(1280, "mean"), MixedE(2048, "maximum")
        self.fc = nn.Linear(2048, self.classes)

    def train(self, mode: bool = True) -> Self:
        """Stays in eval mode: its batch norms never adapt to the images that it reads."""
        return super().train(False)

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` float32 in [-1, 1] → `(N, 2048)` float32."""
        return _pooled(self.maps(image)[-1])

    def blocks(self, image: Tensor) -> dict[str, Tensor]:
        """The pooled features compared in the literature, by their width: `64`, `192`, `768`, `2048`, each
        `(N, width)`, and `logits_unbiased` `(N, 1008)`.
        """
        found = {str(maps.shape[1]): _pooled(maps) for maps in self.maps(image)}
        return {**found, "logits_unbiased": self.classify(found["2048"])}

    def classify(self, features: Tensor) -> Tensor:
        """Features `(N, 2048)` → logits `(N, 1008)` without the bias, from which the Inception score is
        computed.
        """
        return features @ self.fc.weight.T

    def maps(self, image: Tensor) -> list[Tensor]:
        """The feature maps at the ends of the four blocks; channels 64, 192, 768, 2048."""
        pixels = corner_bilinear(image.float() * 127.5 + 127.5, SIZE, SIZE)
        x = ((pixels - 128) / 128).expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        first = F.max_pool2d(x, 3, 2)
        second = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(first)), 3, 2)
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(second))))
        third = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        last = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(third)))
        return [at_least_float32(maps) for maps in (first, second, third, last)]


def _fill(layer: nn.Module) -> None:
    """Random weights that preserve the scale of every layer's input."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    elif isinstance(layer, nn.BatchNorm2d | nn.Linear):
        layer.reset_parameters()


def _pooled(maps: Tensor) -> Tensor:
    pooled = maps.mean((2, 3))
    return at_least_float32(pooled)
