"""Pixels as features: the baseline for every other extractor."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.component.part import field, part
from gancore.component.validators import whole

USUAL = 16


@part("pixels")
class Pixels(Extractor):
    """The pixels of an image averaged down to `size` × `size`, any channels; D = C · size².

    Nothing is learned, so distances can be verified manually. They reflect color and composition, not
    content.
    """

    resizer: ClassVar[str] = "mean over areas, to size × size"

    size: int = field(default=USUAL, validator=whole(1), help="height and width that images are resized to")

    @property
    def title(self) -> str:
        """`pixels-1`; a size other than 16 is part of the title, as in `pixels-1-8x8`."""
        usual = super().title
        return usual if self.size == USUAL else f"{usual}-{self.size}x{self.size}"

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` in [-1, 1] → `(N, C · size²)` float32 in [-1, 1]."""
        return self.maps(image)[0].flatten(1)

    def maps(self, image: Tensor) -> list[Tensor]:
        """The smaller image `(N, C, size, size)`."""
        return [F.adaptive_avg_pool2d(image.float(), self.size)]
