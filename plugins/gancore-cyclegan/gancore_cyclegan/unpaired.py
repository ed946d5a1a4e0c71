"""What recipes that learn from images of two domains, unpaired, have in common."""

from gancore.component.interfaces import ImageShape
from gancore.component.part import fact, field, interface
from gancore.component.validators import whole
from gancore.recipes.base import Recipe

__all__ = ["Unpaired"]


@interface("recipe")
class Unpaired(Recipe):
    """A recipe that reads batches of source and of target images."""

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the data")
    batch: int = field(default=1, validator=whole(1), help="batch size, unless the run sets one")

    @property
    def wants(self) -> frozenset[str]:
        """Images of both domains."""
        return frozenset({"source", "target"})

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch
