"""A translator that makes the change of an image."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Generator
from gancore.component.part import Seat, part, seat
from gancore.errors import FitError
from gancore.standard.translators import ResNet, Translator

__all__ = ["GlobalSkip"]


@part("global-skip", tags=("translator",))
class GlobalSkip(Translator):
    """Adds to an image what another translator makes of it, which so learns the change alone.

    The idea is the skip connection from input to output around the ResNet of Kupyn et al. 2018 (DeblurGAN),
    arXiv:1711.07064. Colors stay as they are where nothing is to be changed, although the instance
    normalization within the ResNet forgets them. Difference: the sum is not clamped here, but by the
    pipeline.

    `(N, C, H, W)` in [-1, 1] → `(N, C, H, W)` float32.

    Raises:
        FactError: the source's shape is not known.
        FitError: source and image differ in shape, or the translator does not fit them.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "resnet", "width": 4, "blocks": 1}},
        {"network": {"part": "resnet-antialiased", "width": 4, "blocks": 1}},
    )

    network: Seat[Generator] = seat(default=ResNet, help="makes the change of the image")

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads and makes images of one shape."""
        return {"image": self.image, "source": self.source}

    @property
    def size_multiple(self) -> int:  # type: ignore[override]
        """That of the network."""
        return self.network.size_multiple

    def build(self) -> None:
        """Checks the shapes."""
        if tuple(self.source) != tuple(self.image):
            raise FitError(
                f"{self.qualified_name} adds to its source what it makes of it, but the source is "
                f"{tuple(self.source)} and the image {tuple(self.image)}; open both domains with one shape, "
                "or use the network without it"
            )

    def forward(self, code: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        change: Tensor = self.network(code)  # (N, C, H, W)
        return code + change

    def maps(self, code: Tensor) -> list[Tensor]:
        """Those of the network."""
        return self.network.maps(code)
