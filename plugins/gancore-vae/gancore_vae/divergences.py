"""How far the posterior is from the prior."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor

from gancore.component.interfaces import Sampler
from gancore.component.part import Part, interface, part
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.standard.samplers import Normal
from gancore_vae.priors import check_density, log_density, log_prior


class Inferred(NamedTuple):
    """What a batch of images was encoded to, and what it is compared with.

    Attributes:
        posterior: q(z | x), N Gaussians.
        latent: a draw `(N, *latent)` from each.
        prior: the sampler of p(z).
        drawn: draws `(n, *latent)` from it, for a divergence that `draws`.
    """

    posterior: DiagonalGaussian
    latent: Tensor
    prior: Sampler
    drawn: Tensor | None = None


@interface("divergence")
class Divergence(Part):
    """D_KL(q(z | x) ‖ p(z)) in nats with p(z) = N(0, I), or an unbiased estimate of it.

    `(posterior, latent)` → `(N,)`, where `latent` `(N, *latent)` was drawn from the posterior. One that
    handles other priors overrides `check` and `nats`; one that is trained with something else than the
    divergence itself overrides `penalty`. Tag `batch`: the penalty of a row depends on the other rows.
    """

    draws: ClassVar[bool] = False
    """Whether it compares with draws from the prior."""

    @abstractmethod
    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""

    def check(self, prior: Sampler) -> None:
        """Raises FitError if it cannot compare with this prior; called at assembly."""
        if not isinstance(prior, Normal):
            raise FitError(
                f"{self.qualified_name} compares with N(0, I), but the prior is {prior.qualified_name}; use "
                "divergence/sampled, or sampler/normal"
            )

    def nats(self, inferred: Inferred) -> Tensor:
        """The divergence from the prior, as the bound has it: `(N,)`."""
        divergence: Tensor = self(inferred.posterior, inferred.latent)
        return divergence

    def penalty(self, nats: Tensor, inferred: Inferred) -> Tensor:
        """What is minimized, of which the mean over rows is taken: `(N,)`; by default the divergence, which
        `nats` `(N,)` is.
        """
        return nats


@part("closed-form")
class ClosedForm(Divergence):
    """The closed form of the divergence between Gaussians, -½ Σ (1 + log σ² - μ² - σ²).

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix B. With it the bound is estimator B (eq. 7), for
    Gaussians eq. 10.
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""
        log_variance = posterior.log_variance  # (N, *latent)
        terms = 1 + log_variance - posterior.mean.square() - log_variance.exp()  # (N, *latent)
        return -terms.flatten(1).sum(1) / 2  # appendix B; the divergence of eq. 10, (N,)


@part("sampled")
class Sampled(Divergence):
    """The Monte Carlo estimate of the divergence, log q(z | x) - log p(z) at the draw, for every prior with a
    density (`gancore_vae.Prior`).

    Paper: Kingma & Welling 2013, arXiv:1312.6114. With it the bound is estimator A (eq. 6), which needs no
    closed form but has a higher variance.
    """

    def forward(self, posterior: DiagonalGaussian, latent: Tensor) -> Tensor:
        """A posterior and a draw `(N, *latent)` from it → `(N,)`."""
        return posterior.log_density(latent) - log_prior(latent)  # the divergence of eq. 6, (N,)

    def check(self, prior: Sampler) -> None:
        """Raises FitError if the prior has no density."""
        check_density(prior, self.qualified_name)

    def nats(self, inferred: Inferred) -> Tensor:
        """log q(z | x) - log p(z) under any prior: `(N,)`."""
        posterior, latent, prior, _ = inferred
        return posterior.log_density(latent) - log_density(prior, latent)  # (N,)
