"""Pixels as features: what every other extractor has to beat."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.component.part import field, part
from gancore.component.validators import whole

USUAL = 16


@part("pixels")
class Pixels(Extractor):
    """The pixels of an image brought to `size` × `size`, any channels; D = C · size². Each is the mean of the
    area it covers.

    Nothing is learned, so that distances can be checked by hand. They see color and composition, and are
    blind to what is drawn.
    """

    resizer: ClassVar[str] = "mean over areas, to size × size"

    size: int = field(default=USUAL, validator=whole(1), help="height and width that images are brought to")

    @property
    def title(self) -> str:
        """`pixels-1`; with another size than 16 it says so, as `pixels-1-8x8`."""
        usual = super().title
        return usual if self.size == USUAL else f"{usual}-{self.size}x{self.size}"

    def forward(self, image: Tensor) -> Tensor:
        """`(N, C, H, W)` in [-1, 1] → `(N, C · size²)` float32 in [-1, 1]."""
        return F.adaptive_avg_pool2d(image.float(), self.size).flatten(1)
