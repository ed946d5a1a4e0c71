"""What distances by the eyes of an extractor have in common."""

from typing import Any

from gancore.component.distance import Distance
from gancore.component.interfaces import Extractor
from gancore.component.part import Seat, interface, seat
from gancore.measure.extractors import default_extractor

__all__ = ["ExtractorDistance"]


@interface("distance")
class ExtractorDistance(Distance):
    """A distance of images by what an extractor makes of them; its weights are frozen."""

    extractor: Seat[Extractor | None] = seat(
        default=None,
        help="looks at the images; none: fashion for gray images, emoji for RGB, pixels for others",
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The shape of the images."""
        return {"image": self.image}

    def build(self) -> None:
        """Takes the extractor."""
        self.network = self.extractor or default_extractor(self.image)
        self.network.eval().requires_grad_(False)
