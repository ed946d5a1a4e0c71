"""What recipes share that follow in closed form from the mean and covariance of the images."""

import math

import torch
from torch import nn

from gancore.component.part import field, interface
from gancore.component.validators import whole
from gancore.errors import FactError
from gancore.nn.moments import Moments
from gancore.recipes.base import Recipe, Run
from gancore.standard.conditioners import Identity

__all__ = ["MomentRecipe"]


@interface("recipe")
class MomentRecipe(Recipe):
    """Folds all images into their moments, one batch in each step; a subclass writes `finish`, which sets
    `learned`.

    The covariance of images with D = C · H · W values takes 8 D² bytes, so D is limited.

    Raises:
        FactError: the images are larger than `limit`, or have no more values than there are components.
    """

    components: int = field(default=64, validator=whole(1), help="number q of components")
    limit: int = field(
        default=4096,
        validator=whole(2),
        help="largest number of values C·H·W in an image; the covariance grows with its square",
    )
    batch: int = field(
        default=512, validator=whole(1), help="images per step; the result does not depend on it"
    )

    def build(self) -> None:
        """Makes empty moments; raises FactError for images that are too large or small."""
        size = math.prod(self.image)
        if size > self.limit:
            raise FactError(
                f"{self.qualified_name}: images {self.image} have {size} values, "
                f"and their covariance takes {8 * size**2 / 2**30:.1f} GiB; "
                f"the limit is {self.limit} values: train on smaller or gray images, "
                f"or set limit={size} if you have the memory and time"
            )
        if self.components >= size:
            raise FactError(
                f"{self.qualified_name}: images {self.image} have {size} values, "
                f"but components is {self.components}; set components below {size}"
            )
        self.moments = Moments(size)
        self.identity = Identity(code=(self.components,))
        self.learned = nn.Buffer(torch.zeros((), dtype=torch.bool))

    @property
    def batch_size(self) -> int:
        """Images per step."""
        return self.batch

    @property
    def ready(self) -> bool:
        """Whether `finish` has computed the model."""
        return bool(self.learned)

    def length(self, available: int) -> int:
        """One pass over the data."""
        return available

    def step(self, run: Run) -> None:
        """Folds one batch into the moments. Every rank folds the rows of all ranks, so all hold the same."""
        rows = run.gather(run.batch()["image"]).flatten(1)  # (N, D)
        # of the last batch, only as many rows as the run has left
        self.moments.fold(rows[: max(0, run.total - int(self.moments.count))] if run.total else rows)
        if self.moments.count > 1:
            run.log(variance=self.moments.total_variance)
