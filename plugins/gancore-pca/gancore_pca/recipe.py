"""Folds batches into moments, and takes the closed form at the end."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from gancore.component.part import field, part, seat
from gancore.component.validators import whole
from gancore.errors import FactError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.samplers import Normal
from gancore_pca.encoder import PCAEncoder
from gancore_pca.generator import PCAGenerator
from gancore_pca.moments import Moments


@part("pca")
class PCA(Recipe):
    """Probabilistic principal component analysis: the maximum-likelihood Gaussian latent variable model, in
    closed form.

    Paper: Tipping & Bishop 1999 (Journal of the Royal Statistical Society B 61), section 3. Every image is
    read once and folded into mean and covariance; `finish` takes their eigenvectors: W of eq. 7 with R = I,
    and σ² of eq. 8. Differences: images arrive in batches (the paper has the whole covariance at hand), and
    the covariance is divided by N - 1. There is no player, no gradient and no random number in training.

    The moments of images with D = C · H · W values take 8 D² bytes, so D is limited.

    Raises:
        FactError: the images are larger than `limit`, or have no more values than there are components.
        DataError: in `finish`, when there were too few images.
    """

    examples = ({"components": 4, "batch": 8},)

    generator: PCAGenerator = seat(default=PCAGenerator)
    encoder: PCAEncoder = seat(default=PCAEncoder)
    components: int = field(default=64, validator=whole(1), help="number q of principal components")
    limit: int = field(
        default=4096,
        validator=whole(2),
        help="largest number of values C·H·W in an image; the covariance takes its square",
    )
    batch: int = field(
        default=512, validator=whole(1), help="images folded at a time; the result does not depend on it"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The image comes from the data, the number of components from here."""
        return {"image": self.image, "components": self.components}

    def build(self) -> None:
        """Starts the moments at nothing."""
        size = math.prod(self.image)
        if size > self.limit:
            raise FactError(
                f"recipe/pca: images {self.image} have {size} values, "
                f"and their covariance takes {8 * size**2 / 2**30:.1f} GiB; "
                f"the limit is {self.limit} values: train on smaller or gray images, "
                f"or set limit={size} if memory and hours allow"
            )
        if self.components >= size:
            raise FactError(
                f"recipe/pca: images {self.image} have {size} values; "
                f"set components below that, not to {self.components}"
            )
        self.moments = Moments(size)
        self.prior = Normal(latent=(self.components,))
        self.identity = Identity(code=(self.components,))
        self.learned = nn.Buffer(torch.zeros((), dtype=torch.bool))

    @property
    def batch_size(self) -> int:
        """Images folded at a time."""
        return self.batch

    @property
    def ready(self) -> bool:
        """Whether the closed form was taken."""
        return bool(self.learned)

    def length(self, available: int) -> int:
        """The whole set, once."""
        return available

    def step(self, run: Run) -> None:
        """Folds a batch; of the last one, what is still asked for. Every rank folds the rows of all, so that
        all hold the same.
        """
        rows = run.gather(run.batch()["image"]).flatten(1)
        self.moments.fold(rows[: max(0, run.total - int(self.moments.count))] if run.total else rows)
        if self.moments.count > 1:
            run.log(variance=self.moments.total_variance)

    def finish(self, run: Run) -> None:
        """Section 3.2: the axes and the noise that maximize the likelihood."""
        axes = self.moments.axes(self.components)
        self.generator.learn(axes)
        self.encoder.learn(axes)
        self.learned.fill_(True)
        run.log(explained=axes.variance.sum() / self.moments.total_variance, noise_variance=axes.noise)

    def pipelines(self) -> dict[str, Pipeline]:
        """Standard normal latents through the linear map; the encoder leads back."""
        return {
            "image": Pipeline(
                sampler=self.prior, conditioner=self.identity, generator=self.generator, encoder=self.encoder
            )
        }

    def log_likelihood(self, image: Tensor) -> Tensor:
        """`(N,)` float64: log p(x) in nats of images `(N, C, H, W)` in [-1, 1]."""
        return self.encoder.log_likelihood(image)
