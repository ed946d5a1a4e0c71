"""The kind `distance`: how different two images are."""

from abc import abstractmethod

from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.component.part import Part, fact, interface


@interface("distance")
class Distance(Part):
    """How different images are from others: `(image, target)` → `(N,)` float32, 0 for equal images.

    Differentiable in `image`, so that it serves as a loss; its own weights are frozen. Row i depends on row i
    alone.
    """

    image: ImageShape = fact(default=None, help="shape (C, H, W) of one image, given by the data")

    @abstractmethod
    def forward(self, image: Tensor, target: Tensor) -> Tensor:
        """Two batches `(N, C, H, W)` → `(N,)`."""
