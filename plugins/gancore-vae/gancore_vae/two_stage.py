"""The two-stage VAE."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Optimizer, Shape, Terms
from gancore.component.network_sampler import NetworkSampler
from gancore.component.part import Seat, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.recipes.base import Player, Run
from gancore.standard.optimizers import Adam
from gancore_vae.divergences import ClosedForm
from gancore_vae.encoding import Encoding
from gancore_vae.priors import normal_noise


@part("second-stage")
class SecondStage(NetworkSampler):
    """A VAE of latents, whose decoder draws them: u ~ N(0, I), then z ~ N(f(u), γ² I).

    Paper: Dai & Wipf 2019, arXiv:1903.05789: u has as many coordinates as z. Encoder and decoder
    have `depth` hidden layers with ReLU, and their last layer reads the input beside the last hidden one. γ
    is learned. Recipe `two-stage-vae` trains it.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 8, "depth": 1},)

    width: int = field(default=1024, validator=whole(1), help="hidden units of a layer")
    depth: int = field(default=3, validator=whole(1), help="hidden layers of encoder and decoder each")

    @property
    def noise_shape(self) -> Shape:
        """`(2 d,)`: d numbers for u, d for the noise around f(u)."""
        return (2 * math.prod(self.latent),)

    def build(self) -> None:
        """Makes encoder, decoder and log γ."""
        size = math.prod(self.latent)
        self.encoder = _Concatenating(size, 2 * size, self.width, self.depth)
        self.decoder = _Concatenating(size, size, self.width, self.depth)
        self.log_deviation = nn.Parameter(torch.zeros(()))

    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, 2 d)` in [0, 1) → `(n, *latent)`."""
        u, around = normal_noise(noise).chunk(2, 1)  # (n, d) each
        latent: Tensor = self.decoder(u) + torch.exp(self.log_deviation) * around  # (n, d)
        return latent.reshape(-1, *self.latent)

    def posterior(self, latent: Tensor) -> DiagonalGaussian:
        """q(u | z) of latents `(N, *latent)`: N Gaussians over `(d,)`."""
        mean, log_variance = self.encoder(latent.flatten(1)).chunk(2, 1)  # (N, d) each
        return DiagonalGaussian(mean, log_variance)

    def log_likelihood(self, latent: Tensor, u: Tensor) -> Tensor:
        """log p(z | u) at latents `(N, *latent)` and `(N, d)`: `(N,)`."""
        mean = self.decoder(u)  # (N, d)
        return DiagonalGaussian(mean, (2 * self.log_deviation).expand_as(mean)).log_density(latent.flatten(1))


class _Concatenating(nn.Module):
    def __init__(self, inputs: int, outputs: int, width: int, depth: int) -> None:
        super().__init__()
        pairs = pairwise([inputs, *[width] * depth])
        self.hidden = nn.Sequential(*(layer for a, b in pairs for layer in (nn.Linear(a, b), nn.ReLU())))
        self.last = nn.Linear(width + inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """`(N, inputs)` → `(N, outputs)` float32."""
        made: Tensor = self.last(torch.cat([self.hidden(x), x.to(self.last.weight.dtype)], 1))
        return at_least_float32(made)


@part("two-stage-vae")
class TwoStageVAE(Encoding):
    """Learns the prior of a trained VAE: a second VAE, whose images are the first one's latents.

    Paper: Dai & Wipf 2019, arXiv:1903.05789. The first stage is trained before, along the bound,
    and does not change: encoder, conditioner and generator are taken from its run. One step is, in this
    order:

    1. a minibatch of 100 images, and a draw z ~ q(z | x) for each;
    2. one update of the second stage along its own bound, log p(z | u) - D_KL(q(u | z) ‖ N(0, I)).

    In Python, with a first run at `runs/1`:
    `create("two-stage-vae", {seat: {**table[seat], "from": f"runs/1:{seat}", "frozen": True} …})` for the
    seats encoder and generator of its table (`RunFolder("runs/1").recipe_table`). Adam with betas (0.9,
    0.999) at 1e-4, without the paper's steps of the learning rate.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4, "frozen": True},
            "encoder": {"part": "convolutional-encoder", "width": 4, "frozen": True},
            "prior": {"part": "second-stage", "width": 8, "depth": 1},
            "batch": 4,
        },
    )

    prior: Seat[SecondStage] = seat(default=SecondStage, help="the second stage")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-4, betas=(0.9, 0.999)))

    def players(self) -> dict[str, Player]:
        """The second stage."""
        return {"second stage": Player([self.prior], self.optimizer, followers=[self.labels])}

    def step(self, run: Run) -> None:
        """A minibatch, its latents, a step of the second stage."""
        batch = run.batch()
        run.update("second stage", self.terms, batch["image"], batch.get("label"))

    def terms(self, image: Tensor, label: Tensor | None = None) -> Terms:
        """The negative bound of the latents, as two terms."""
        with torch.no_grad():
            latent = self.posterior(image, label).sample()  # z ~ q(z | x), (N, *latent)
        posterior = self.prior.posterior(latent)  # q(u | z)
        u = posterior.sample()  # (N, d)
        divergence: Tensor = ClosedForm()(posterior, u)  # (N,)
        return {
            "reconstruction": -self.prior.log_likelihood(latent, u).mean(),
            "divergence": divergence.mean(),
        }
