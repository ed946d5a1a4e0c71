"""A mixture of Gaussians that is fitted to codes."""

import math

import torch
from torch import Tensor, nn

from gancore.component.fitted_sampler import FittedSampler
from gancore.component.part import RunningMean, field, part
from gancore.component.validators import above, at_least, whole, within
from gancore.errors import DataError
from gancore.nn.gaussian_mixture import Mixture, expectation_maximization, log_densities

__all__ = ["GaussianMixture"]


@part("gaussian-mixture")
class GaussianMixture(FittedSampler):
    """Draws latents from a mixture of Gaussians with full covariances, fitted to codes by expectation
    maximization.

    Paper: Ghosh et al. 2019, arXiv:1903.12436, section 4, ex-post density estimation; their released code
    fits 10 components with scikit-learn, whose updates and criterion to stop these are. One component is the
    Gaussian with the mean and the covariance of the codes.

    Until it is fitted, all components are one Gaussian, N(0, I) at first, whose mean and covariance follow
    the codes of the encoder's updates. Latents `(N, *latent)` float32; a covariance takes 4 D² bytes for the
    D = Πlatent values of a latent.
    """

    examples = ({"components": 2},)

    components: int = field(default=10, validator=whole(1), help="number K of Gaussians")
    regularization: float = field(
        default=1e-6, validator=above(0), help="added to the variances", scheduled=False
    )
    tolerance: float = field(
        default=1e-3,
        validator=at_least(0),
        help="the fit ends when the mean log-likelihood changes by less",
        scheduled=False,
    )
    iterations: int = field(default=100, validator=whole(1), help="iterations of the fit, at most")
    mean_decay: float = field(
        default=0.99,
        validator=within(0, 1),
        help="fraction of mean and covariance that an update keeps before the fit",
    )

    def build(self) -> None:
        """Registers K equal standard Gaussians: weights `(K,)`, means `(K, D)`, covariances `(K, D, D)`."""
        size, count = math.prod(self.latent), self.components
        self.weights = nn.Buffer(torch.full((count,), 1 / count))
        self.means = nn.Buffer(torch.zeros(count, size))
        self.covariances = nn.Buffer(torch.eye(size).expand(count, size, size).clone())
        self.first, self.second = RunningMean(), RunningMean()

    @torch.no_grad()
    def fit(self, codes: Tensor, *, rng: torch.Generator) -> None:
        """Expectation maximization over codes `(N, *latent)`. Raises DataError for fewer codes than
        components.
        """
        if len(codes) < self.components:
            raise DataError(
                f"{len(codes)} codes cannot be fitted by the {self.components} Gaussians of "
                f"{self.qualified_name}; train on more images, or set its components to {max(len(codes), 1)}"
            )
        found = expectation_maximization(
            codes.flatten(1),
            self.components,
            rng=rng,
            regularization=self.regularization,
            tolerance=self.tolerance,
            iterations=self.iterations,
        )
        for buffer, value in zip((self.weights, self.means, self.covariances), found, strict=True):
            buffer.copy_(value)

    @torch.no_grad()
    def observe(self, codes: Tensor) -> None:
        """Observes the moments of codes `(n, *latent)` around the present mean."""
        if self.training:
            centered = codes.flatten(1).to(self.means.dtype) - self.means.mean(0)  # (n, D)
            self.first.add(centered.sum(0), len(codes))
            self.second.add(centered.T @ centered, len(codes))

    @torch.no_grad()
    def update_buffers(self) -> None:
        """Moves all components towards the mean and the covariance of what was observed."""
        shift, second = self.first.mean, self.second.mean
        if shift is not None and second is not None:
            mean, keep = self.means.mean(0) + shift, 1 - self.mean_decay
            covariance = second - torch.outer(shift, shift)
            self.means.lerp_(mean.expand_as(self.means), keep)
            self.covariances.lerp_(covariance.expand_as(self.covariances), keep)

    @property
    def mixture(self) -> Mixture:
        """Its weights, means and covariances in float64, on the CPU."""
        return Mixture(*(b.double().cpu() for b in (self.weights, self.means, self.covariances)))

    def log_density(self, latent: Tensor) -> Tensor:
        """The log-density in nats of latents `(N, *latent)`: `(N,)` float64 on the CPU."""
        return log_densities(latent.flatten(1).double().cpu(), self.mixture).logsumexp(1)

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32: of each latent first the component, then the normal values."""
        weights, means, covariances = self.mixture
        uniform = torch.rand(n, generator=rng, dtype=weights.dtype)
        which = torch.searchsorted(weights.cumsum(0), uniform, right=True).clamp(max=self.components - 1)
        normal = torch.randn(n, means.shape[1], generator=rng, dtype=means.dtype)
        latent = means[which]
        for k in range(self.components):
            latent[which == k] += normal[which == k] @ _root(covariances[k])
        return latent.float().reshape(n, *self.latent)


def _root(covariance: Tensor) -> Tensor:
    """The symmetric square root, which exists for singular covariances too and is unique: `(D, D)`."""
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root
