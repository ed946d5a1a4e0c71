"""The ladder VAE: several layers of latents, each of whose priors and posteriors depends on the one above."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Conditioner, Encoder, Optimizer, Shape, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.nn.hierarchy import Hierarchy
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Run
from gancore.standard.optimizers import Adam
from gancore_vae.encoding import Encoding
from gancore_vae.likelihoods import Bernoulli, Likelihood
from gancore_vae.networks import GaussianEncoder

Take = Callable[[DiagonalGaussian, DiagonalGaussian], Tensor]
"""What makes a layer's value, of its posterior and its prior."""


@part("ladder")
class Ladder(Conditioner):
    """Turns standard normal noise into the latents z_L, …, z_1 of a hierarchy, top-down; z_1 is the code.

    Paper: Sønderby et al. 2016, arXiv:1602.02282: z_L ~ N(0, I), z_i ~ N(μ(z_i+1), σ²(z_i+1)),
    so z_i = μ + σ ε_i. The latent is the noise of all layers, joined (`gancore.nn.Hierarchy`), the top first.
    μ and log σ² are a fully connected network with one hidden layer, without batch normalization.

    Latent `(N, D)` → code `(N, *code)`; labels are ignored.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"above": (3, 2), "width": 8},)

    above: tuple[int, ...] = field(
        default=(16, 32), help="sizes of the latents above the code, the top first"
    )
    width: int = field(default=256, validator=whole(1), help="hidden units between two latents")

    @property
    def hierarchy(self) -> Hierarchy:
        """The shapes of the latents, the top first."""
        return Hierarchy([*((size,) for size in self.above), tuple(self.code)])

    @property
    def latent_shape(self) -> Shape:
        """`(D,)`, the values of all layers."""
        return self.hierarchy.shape

    def build(self) -> None:
        """Makes the networks between the layers."""
        sizes = self.hierarchy.sizes
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Linear(upper, self.width), nn.LeakyReLU(0.1), nn.Linear(self.width, 2 * lower))
            for upper, lower in pairwise(sizes)
        )

    def prior(self, layer: int, above: Tensor) -> DiagonalGaussian:
        """p(z_i | z_i+1) of the layer of that number, counted from 1 below the top, flat: `(N, d_i)`."""
        made = at_least_float32(self.networks[layer - 1](above))  # (N, 2 d_i)
        mean, log_variance = made.chunk(2, 1)
        return DiagonalGaussian(mean, log_variance)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, D)` → `(N, *code)`."""
        noise = [level.flatten(1) for level in self.hierarchy.split(latent)]
        z = noise[0]  # z_L, (N, d_L)
        for layer, epsilon in enumerate(noise[1:], 1):
            p = self.prior(layer, z)
            z = placed(epsilon, p)  # z_i, (N, d_i)
        return z.reshape(-1, *self.code)


class Rung(NamedTuple):
    """One layer of latents: its posterior, its prior, and the value that was taken, flat: `(N, d)`."""

    posterior: DiagonalGaussian
    prior: DiagonalGaussian
    latent: Tensor

    def divergence(self) -> Tensor:
        """D_KL(q ‖ p) of two Gaussians in closed form: `(N,)`."""
        (q, p), difference = self[:2], self.posterior.mean - self.prior.mean
        ratio = (torch.exp(q.log_variance) + difference.square()) * torch.exp(-p.log_variance)
        return (p.log_variance - q.log_variance + ratio - 1).sum(1) / 2

    def noise(self) -> Tensor:
        """The noise that makes the value under the prior: `(N, d)`."""
        return (self.latent - self.prior.mean) * torch.exp(-self.prior.log_variance / 2)


class LadderPosterior:
    """q(z_1, …, z_L | x), from what the encoder says of each layer bottom-up, and the priors top-down."""

    def __init__(self, bottom_up: DiagonalGaussian, ladder: Ladder) -> None:
        self.bottom_up, self.ladder = bottom_up, ladder

    @property
    def mean(self) -> Tensor:
        """The noise `(N, D)` of the means of all layers, each given those above."""
        return self._joined(self.descend(lambda posterior, _: posterior.mean))

    def sample(self) -> Tensor:
        """The noise `(N, D)` of a draw."""
        return self._joined(self.descend(drawn))

    def log_density(self, latent: Tensor) -> Tensor:
        """The log-density in nats of noise `(N, D)`: `(N,)`."""
        levels = iter(self.ladder.hierarchy.split(latent))
        rungs = self.descend(lambda _, prior: placed(next(levels).flatten(1), prior))
        # z_i = μ + σ ε_i under the prior, so a density of ε_i is that of z_i times σ
        scales = [rung.prior.log_variance.sum(1) / 2 for rung in rungs]
        densities = [rung.posterior.log_density(rung.latent) for rung in rungs]
        return torch.stack([*densities, *scales]).sum(0)

    def descend(self, take: Take) -> list[Rung]:
        """The layers, the top first, each with the value that `take` makes of its posterior and prior."""
        split = self.ladder.hierarchy.split
        levels = zip(*map(split, (self.bottom_up.mean, self.bottom_up.log_variance)), strict=True)
        rungs: list[Rung] = []
        for layer, (mean, log_variance) in enumerate(levels):
            seen = DiagonalGaussian(mean.flatten(1), log_variance.flatten(1))
            rungs.append(self._rung(layer, seen, rungs[-1].latent if rungs else None, take))
        return rungs

    def _rung(
        self,
        layer: int,
        seen: DiagonalGaussian,
        above: Tensor | None,
        take: Take,
    ) -> Rung:
        if above is None:  # z_L: the prior is N(0, I), the posterior what the encoder says
            zeros = torch.zeros_like(seen.mean)
            standard = DiagonalGaussian(zeros, zeros)
            return Rung(seen, standard, take(seen, standard))
        prior = self.ladder.prior(layer, above)
        posterior = combined(seen, prior)
        return Rung(posterior, prior, take(posterior, prior))

    def _joined(self, rungs: Sequence[Rung]) -> Tensor:
        return torch.cat([rung.noise() for rung in rungs], 1)


def drawn(posterior: DiagonalGaussian, prior: DiagonalGaussian) -> Tensor:
    """A draw from the posterior."""
    return posterior.sample()


def placed(noise: Tensor, prior: DiagonalGaussian) -> Tensor:
    """The value that noise `(N, d)` makes under the prior."""
    return prior.mean + torch.exp(prior.log_variance / 2) * noise


def combined(one: DiagonalGaussian, other: DiagonalGaussian) -> DiagonalGaussian:
    """The precision-weighted Gaussian of two (arXiv:1602.02282)."""
    log_variance = -torch.logaddexp(-one.log_variance, -other.log_variance)  # 1 / (σ̂⁻² + σ⁻²)
    weighted = one.mean * torch.exp(-one.log_variance) + other.mean * torch.exp(-other.log_variance)
    return DiagonalGaussian(weighted * torch.exp(log_variance), log_variance)


@part("ladder")
class LadderEncoder(Encoder):
    """q(z | x) of a ladder: any encoder to a Gaussian bottom-up, combined with the priors top-down.

    What it encodes to are latents of the conditioner `ladder`, the same part that the recipe holds. Image
    `(N, C, H, W)` in [-1, 1] → a posterior with `mean` and `sample()`, `(N, D)`.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "network": {"part": "convolutional-encoder", "width": 4},
            "ladder": {"part": "ladder", "above": (3,), "width": 8, "code": (2,)},
        },
    )
    gives: ClassVar[Literal["code", "latent"]] = "latent"

    network: Seat[GaussianEncoder] = seat(help="what is inferred bottom-up, of all layers together")
    ladder: Seat[Ladder] = seat(help="the conditioner")

    def facts(self, seat: str) -> dict[str, Any]:
        """The network's latent is that of the ladder."""
        known: dict[str, Any] = {"image": self.image}
        return known | ({"latent": tuple(self.ladder.latent_shape)} if seat == "network" else {})

    def forward(self, image: Tensor, label: Tensor | None = None) -> LadderPosterior:
        """`(N, C, H, W)` → the posterior over `(N, D)`."""
        return LadderPosterior(self.network(image), self.ladder)


@part("ladder-vae")
class LadderVAE(Encoding):
    """The VAE with several layers of latents, whose inference shares the top-down networks with generation.

    Paper: Sønderby et al. 2016, arXiv:1602.02282. One step is, in this order:

    1. a minibatch of 256 images;
    2. bottom-up, the encoder's mean and variance of each layer; top-down, a draw from the posterior of each,
       which is the precision-weighted mean of the encoder's and the prior's;
    3. one update along log p(x | z_1) - β Σ_i D_KL(q(z_i | z_i+1, x) ‖ p(z_i | z_i+1)).

    Give β a schedule from 0 to 1 for the paper's warm-up. Differences: `encoder` is any encoder to a
    Gaussian over the latents of all layers, which are not computed from each other; the divergences are in
    closed form; no batch normalization. In the pipeline the latent is the noise of all layers.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "conditioner": {"part": "ladder", "above": (3, 2), "width": 8},
            "batch": 4,
        },
    )

    conditioner: Seat[Ladder] = seat(default=Ladder)
    likelihood: Seat[Likelihood] = seat(default=Bernoulli)
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)))
    beta: float = field(default=1.0, validator=at_least(0), help="weight of the divergences")
    batch: int = field(default=256, validator=whole(1), help="batch size, unless the run sets one")

    def build(self) -> None:
        """Checks that the parts fit, and makes the inference of encoder and conditioner."""
        super().build()
        self.likelihood.check(self.generator)
        self.inference = LadderEncoder(image=self.image, network=self.encoder, ladder=self.conditioner)

    def players(self) -> dict[str, Player]:
        """One player: all networks, and the parameters of the likelihood."""
        parts = [self.encoder, self.generator, self.likelihood, self.conditioner]
        return {"model": Player(parts, self.optimizer, followers=[self.prior, self.labels])}

    def pipelines(self) -> dict[str, Pipeline]:
        """The prior, the ladder and the decoder, and the ladder's inference for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.prior,
                conditioner=self.conditioner,
                generator=self.generator,
                encoder=self.inference,
            )
        }

    def step(self, run: Run) -> None:
        """A minibatch, and a step along the bound."""
        seen = run.update("model", self.terms, run.batch()["image"])
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor) -> Terms:
        """The negative bound as two terms, and the bound `(N,)` of each image (without β)."""
        rungs = self.inference(image).descend(drawn)
        code = rungs[-1].latent.reshape(-1, *self.conditioner.code)  # z_1, (N, *code)
        reconstruction = self.likelihood(self.generator, code, image)  # log p(x | z_1), (N,)
        divergence = torch.stack([rung.divergence() for rung in rungs]).sum(0)  # (N,)
        return {
            "reconstruction": -reconstruction.mean(),
            "divergence": self.beta * divergence.mean(),
            "bound": (reconstruction - divergence).detach(),
        }
