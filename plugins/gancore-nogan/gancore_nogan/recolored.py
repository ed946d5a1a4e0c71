"""Colors for a gray picture that keep its brightness."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.component.part import Seat, part, seat
from gancore.errors import FitError
from gancore.standard.translators import Translator, UNet

__all__ = ["Recolored", "luma"]

WEIGHTS = (0.299, 0.587, 0.114)
"""Of red, green and blue in ITU-R 601's luma."""


def luma(image: Tensor) -> Tensor:
    """The brightness of RGB images `(N, 3, H, W)`: `(N, 1, H, W)`."""
    weights = torch.tensor(WEIGHTS, dtype=image.dtype, device=image.device)[:, None, None]
    return (image * weights).sum(1, keepdim=True)


@part("recolored", tags=("translator",))
class Recolored(Translator):
    """Another translator makes colors for a gray source, and the brightness of the source is put back.

    As DeOldify does when it is used (https://github.com/jantic/DeOldify, `deoldify/filters.py`): of the
    translation only the chrominance U and V of YUV is kept, and Y is the source. Since U is proportional to
    B - Y and V to R - Y, that adds the difference of the two Y to each channel. Here it is so while
    training, too, so that the translator learns nothing but colors. Values may leave [-1, 1], where a
    pipeline cuts them off.

    `(N, 1, H, W)` in [-1, 1] → `(N, 3, H, W)` float32.

    Raises:
        FitError: the source is not gray, the images are not RGB, or their sizes differ.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "translator": {"part": "resnet", "width": 2, "blocks": 1},
            "image": (3, 8, 12),
            "source": (1, 8, 12),
        },
    )

    translator: Seat[Generator] = seat(default=UNet, help="makes the colors")

    def facts(self, seat: str) -> dict[str, Any]:
        """Those of this translator."""
        return {"image": self.image, "source": self.source}

    @property
    def size_multiple(self) -> int:  # type: ignore[override]
        """That of the translator."""
        return self.translator.size_multiple

    def last_layer(self) -> Tensor:
        """That of the translator."""
        return self.translator.last_layer()

    def build(self) -> None:
        """Checks the shapes."""
        if self.source[0] != 1 or self.image[0] != 3 or tuple(self.source[1:]) != tuple(self.image[1:]):
            raise FitError(
                f"{self.qualified_name} colors gray sources, (1, H, W) → (3, H, W), but the source is "
                f"{tuple(self.source)} and the image {tuple(self.image)}; open a gray and a color domain at "
                "one size, as --source-from gray does"
            )

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 1, H, W)` → `(N, 3, H, W)`."""
        made: Tensor = self.translator(code)
        return made + (code - luma(made))  # U and V of the translation, Y of the source
