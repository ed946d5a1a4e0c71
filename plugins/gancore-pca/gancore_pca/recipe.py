"""The recipe of principal component analysis: accumulate moments, then solve in closed form."""

from typing import Any

from torch import Tensor

from gancore.component.part import Seat, part, seat
from gancore.pipeline import Pipeline
from gancore.recipes.base import Run
from gancore.recipes.moments import MomentRecipe
from gancore.standard.samplers import Normal
from gancore_pca.encoder import PCAEncoder
from gancore_pca.generator import PCAGenerator


@part("pca")
class PCA(MomentRecipe):
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

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, which the data give, and the recipe's own number of components."""
        return {"image": self.image, "components": self.components}

    def build(self) -> None:
        """Makes empty moments and the prior."""
        super().build()
        self.prior = Normal(latent=(self.components,))

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
