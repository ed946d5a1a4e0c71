"""The training recipe of the variational autoencoder."""

from typing import Any

from torch import Tensor

from gancore.component.interfaces import Constraint, Generator, Optimizer, Terms
from gancore.component.part import Seat, Seats, field, part, seat
from gancore.component.validators import at_least, whole
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Normal
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.divergences import ClosedForm, Divergence
from gancore_vae.likelihoods import Bernoulli, Likelihood
from gancore_vae.networks import GaussianEncoder


@part("vae")
class VAE(Recipe):
    """Stochastic gradient ascent of the variational lower bound E_q[log p(x | z)] - D_KL(q(z | x) ‖ p(z)).

    Paper: Kingma & Welling 2013, arXiv:1312.6114, algorithm 1. One step is, in this order:

    1. a minibatch of M = 100 images (`batch`);
    2. L = 1 draw of the latent for each image (`samples`);
    3. one update of encoder, decoder and likelihood along the gradient of the bound (eq. 6 or 7).

    `beta` weights the divergence as in Higgins et al. 2017 (β-VAE, ICLR), eq. 4; 1 is the paper's. The prior
    is N(0, I). Differences: Adam instead of Adagrad, no prior on the weights, and convolutional networks
    unless the paper's `mlp-encoder` and `mlp-decoder` take their seats.

    Raises:
        FitError: the likelihood does not fit the generator, or the encoder's latents do not have the shape of
            the generator's codes.
    """

    examples = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "batch": 4,
        },
    )

    generator: Seat[Generator] = seat(default=ConvolutionalDecoder)
    encoder: Seat[GaussianEncoder] = seat(default=ConvolutionalEncoder)
    likelihood: Seat[Likelihood] = seat(default=Bernoulli)
    divergence: Seat[Divergence] = seat(default=ClosedForm)
    constraints: Seats[Constraint] = seat(default=(), help="applied to all weights")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)))
    beta: float = field(default=1.0, validator=at_least(0), help="weight of the divergence")
    samples: int = field(default=1, validator=whole(1), help="latents L drawn per image")
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, which the data give, and for the encoder the shape of the generator's code."""
        known: dict[str, Any] = {"image": self.image}
        if seat == "encoder":
            known["latent"] = tuple(self.generator.code_shape)
        return known

    def build(self) -> None:
        """Checks that the parts fit, and makes the prior."""
        code = tuple(self.generator.code_shape)
        self.likelihood.check(self.generator)
        if tuple(self.encoder.latent) != code:
            raise FitError(
                f"{self.encoder.qualified_name} makes latents {self.encoder.latent}, "
                f"{self.generator.qualified_name} reads codes {code}"
            )
        self.prior, self.identity = Normal(latent=code), Identity(code=code)

    @property
    def batch_size(self) -> int:
        """The paper's M."""
        return self.batch

    def length(self, available: int) -> int:
        """The number of training images, unless the run sets one."""
        return 200_000

    def players(self) -> dict[str, Player]:
        """One player: encoder, decoder, and the parameters of likelihood and divergence."""
        return {
            "model": Player(
                [self.encoder, self.generator, self.likelihood, self.divergence],
                self.optimizer,
                constraints=list(self.constraints),
            )
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """The prior and the decoder, and the encoder's mean for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.prior, conditioner=self.identity, generator=self.generator, encoder=self.encoder
            )
        }

    def step(self, run: Run) -> None:
        """Algorithm 1: a minibatch, a draw of the latents, a step along the gradient."""
        seen = run.update("model", self.terms, run.batch()["image"])
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor) -> Terms:
        """The negative bound as two terms, and the bound `(N,)` of each image (without β)."""
        posterior = self.encoder(image).repeat(self.samples)  # q(z | x), N·L Gaussians
        latent = posterior.sample()  # (N·L, *latent)
        images = image.repeat_interleave(self.samples, 0)  # (N·L, C, H, W)
        reconstruction = self.likelihood(self.generator, latent, images)  # log p(x | z), (N·L,)
        divergence = self.divergence(posterior, latent)  # D_KL(q(z | x) ‖ p(z)), (N·L,)
        bound = (reconstruction - divergence).reshape(len(image), -1).mean(1)  # eq. 6 or 7, (N,)
        return {
            "reconstruction": -reconstruction.mean(),
            "divergence": self.beta * divergence.mean(),  # Higgins et al. 2017, eq. 4
            "bound": bound.detach(),
        }
