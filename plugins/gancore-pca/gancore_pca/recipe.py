"""The recipe of principal component analysis: accumulate moments, then solve in closed form."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FactError
from gancore.nn.moments import Moments
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal
from gancore_pca.encoder import PCAEncoder
from gancore_pca.generator import PCAGenerator


@part("pca")
class PCA(Recipe):
    """Probabilistic PCA: the maximum-likelihood linear-Gaussian latent variable model, in closed form.

    Paper: Tipping & Bishop 1999 (Journal of the Royal Statistical Society B 61), section 3. Training is, in
    this order:

    1. each step folds one batch into the mean and the covariance; every image is read once;
    2. `finish` computes the eigenvectors of the covariance (section 3.2), and from them W and σ² (eq. 7, 8).

    There are no players, no gradients and no random numbers. Differences: images arrive in batches (the paper
    starts from the whole covariance), and the covariance is divided by N - 1.

    The covariance of images with D = C · H · W values takes 8 D² bytes, so D is limited.

    Raises:
        FactError: the images are larger than `limit`, or have no more values than there are components.
        DataError: in `finish`, when there were too few images.
    """

    examples = ({"components": 4, "batch": 8},)

    generator: Seat[PCAGenerator] = seat(default=PCAGenerator)
    encoder: Seat[PCAEncoder] = seat(default=PCAEncoder)
    components: int = field(default=64, validator=whole(1), help="number q of principal components")
    limit: int = field(
        default=4096,
        validator=whole(2),
        help="largest number of values C·H·W in an image; the covariance grows with its square",
    )
    batch: int = field(
        default=512, validator=whole(1), help="images per step; the result does not depend on it"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, which the data give, and the recipe's own number of components."""
        return {"image": self.image, "components": self.components}

    def build(self) -> None:
        """Makes empty moments and the prior; raises FactError for images that are too large or small."""
        size = math.prod(self.image)
        if size > self.limit:
            raise FactError(
                f"recipe/pca: images {self.image} have {size} values, "
                f"and their covariance takes {8 * size**2 / 2**30:.1f} GiB; "
                f"the limit is {self.limit} values: train on smaller or gray images, "
                f"or set limit={size} if you have the memory and time"
            )
        if self.components >= size:
            raise FactError(
                f"recipe/pca: images {self.image} have {size} values, "
                f"but components is {self.components}; set components below {size}"
            )
        self.moments = Moments(size)
        self.prior = Normal(latent=(self.components,))
        self.identity = Identity(code=(self.components,))
        self.learned = nn.Buffer(torch.zeros((), dtype=torch.bool))

    @property
    def batch_size(self) -> int:
        """Images per step."""
        return self.batch

    @property
    def ready(self) -> bool:
        """Whether the closed form has been computed."""
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

    def finish(self, run: Run) -> None:
        """Computes the axes and the noise that maximize the likelihood (section 3.2)."""
        axes = self.moments.axes(self.components)
        self.generator.learn(axes)
        self.encoder.learn(axes)
        self.learned.fill_(True)
        run.log(explained=axes.variance.sum() / self.moments.total_variance, noise_variance=axes.noise)

    def pipelines(self) -> dict[str, Pipeline]:
        """Standard normal latents, the linear map to images, and the encoder back."""
        return {
            "image": Pipeline(
                sampler=self.prior, conditioner=self.identity, generator=self.generator, encoder=self.encoder
            )
        }

    def log_likelihood(self, image: Tensor) -> Tensor:
        """`(N,)` float64: log p(x) in nats of images `(N, C, H, W)` in [-1, 1]."""
        return self.encoder.log_likelihood(image)
