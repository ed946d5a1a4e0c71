"""The training recipe of the variational autoencoder."""

from typing import Any

from torch import Tensor

from gancore.component.interfaces import (
    Conditioner,
    Constraint,
    Generator,
    LabelSampler,
    Optimizer,
    Sampler,
    Shape,
    Terms,
)
from gancore.component.part import Seat, Seats, fact, field, part, seat
from gancore.component.validators import at_least, whole
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.pipeline import Pipeline, check_fit
from gancore.recipes.base import Player, Recipe, Run
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Normal
from gancore_vae.convolutional import ConvolutionalDecoder, ConvolutionalEncoder
from gancore_vae.divergences import ClosedForm, Divergence, Inferred
from gancore_vae.likelihoods import Bernoulli, Likelihood
from gancore_vae.networks import GaussianEncoder


@part("vae")
class VAE(Recipe):
    """Stochastic gradient ascent of the variational lower bound E_q[log p(x | z)] - D_KL(q(z | x) ‖ p(z)).

    Paper: Kingma & Welling 2013, arXiv:1312.6114, algorithm 1. One step is, in this order:

    1. a minibatch of M = 100 images (`batch`);
    2. L = 1 draw of the latent for each image (`samples`);
    3. one update of encoder, decoder and likelihood along the gradient of the bound (eq. 6 or 7).

    `beta` weights the divergence as in Higgins et al. 2017 (β-VAE, ICLR), eq. 4; 1 is the paper's. It takes a
    schedule (KL annealing). The prior is N(0, I), unless another sampler takes its seat; one with a density
    (`Prior`) is trained along the bound, with `divergence = "sampled"`. With a conditioner that reads labels,
    and an encoder that does, it is the conditional model of Sohn et al. 2015, with p(z | y) = p(z).
    Differences: Adam instead of Adagrad, no prior on the weights, and convolutional networks unless the
    paper's `mlp-encoder` and `mlp-decoder` take their seats.

    Raises:
        FitError: the likelihood does not fit the generator, the divergence does not fit the prior, or the
            encoder's latents do not have the shape of those that the conditioner reads.
    """

    examples = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "batch": 4,
        },
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 7},
            "encoder": {"part": "labeled", "network": {"part": "convolutional-encoder", "width": 4}},
            "conditioner": "one-hot",
            "divergence": "sampled",
            "batch": 4,
        },
    )

    classes: int = fact(default=0, help="number of classes, 0 for none")
    label_shape: Shape = fact(
        default=(), help="shape of one label: () for a class, (K,) for a row of numbers"
    )
    generator: Seat[Generator] = seat(default=ConvolutionalDecoder)
    encoder: Seat[GaussianEncoder] = seat(default=ConvolutionalEncoder)
    conditioner: Seat[Conditioner] = seat(default=Identity, help="makes codes of latents and labels")
    sampler: Seat[Sampler] = seat(default=Normal, help="the prior p(z)")
    labels: Seat[LabelSampler] = seat(default=EmpiricalLabels)
    likelihood: Seat[Likelihood] = seat(default=Bernoulli)
    divergence: Seat[Divergence] = seat(default=ClosedForm)
    constraints: Seats[Constraint] = seat(default=(), help="applied to all weights")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)))
    beta: float = field(default=1.0, validator=at_least(0), help="weight of the divergence")
    samples: int = field(default=1, validator=whole(1), help="latents L drawn per image")
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """Image and classes come from the data, code from the generator, latent from the conditioner."""
        known: dict[str, Any] = {
            "image": self.image,
            "classes": self.classes,
            "label_shape": self.label_shape,
        }
        if seat == "conditioner":
            known["code"] = tuple(self.generator.code_shape)
        if seat in ("encoder", "sampler"):
            known["latent"] = tuple(self.conditioner.latent_shape)
        return known

    def build(self) -> None:
        """Checks that the parts fit."""
        self.likelihood.check(self.generator)
        if tuple(self.encoder.latent) != tuple(self.conditioner.latent_shape):
            raise FitError(
                f"{self.encoder.qualified_name} makes latents {self.encoder.latent}, "
                f"{self.conditioner.qualified_name} reads {self.conditioner.latent_shape}"
            )
        check_fit(self.sampler, self.conditioner, self.generator)
        self.divergence.check(self.sampler)

    @property
    def conditional(self) -> bool:
        """Whether any part reads labels."""
        return self.encoder.conditional or self.conditioner.conditional

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels if any part reads them."""
        return frozenset({"image", "label"}) if self.conditional else frozenset({"image"})

    @property
    def batch_size(self) -> int:
        """The paper's M."""
        return self.batch

    def length(self, available: int) -> int:
        """The number of training images, unless the run sets one."""
        return 200_000

    def players(self) -> dict[str, Player]:
        """One player: all networks, and the parameters of prior, likelihood and divergence."""
        return {
            "model": Player(
                [
                    *(self.encoder, self.generator, self.likelihood, self.divergence),
                    *(self.conditioner, self.sampler),
                ],
                self.optimizer,
                constraints=list(self.constraints),
                followers=[self.labels],
            )
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """The prior, the conditioner and the decoder, and the encoder's mean for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.conditioner,
                generator=self.generator,
                encoder=self.encoder,
                labels=self.labels if self.conditional else None,
            )
        }

    def step(self, run: Run) -> None:
        """Algorithm 1: a minibatch, a draw of the latents, a step along the gradient."""
        batch = run.batch()
        image = batch["image"]
        drawn = run.draw(self.sampler, len(image)) if self.divergence.draws else None
        seen = run.update("model", self.terms, image, batch.get("label"), drawn)
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor, label: Tensor | None = None, drawn: Tensor | None = None) -> Terms:
        """The negative bound as two terms, and the bound `(N,)` of each image (without β)."""
        reconstruction, inferred = self.infer(image, label, drawn)
        divergence = self.divergence.nats(inferred)  # D_KL(q(z | x) ‖ p(z)), (N·L,)
        penalty = self.divergence.penalty(divergence, inferred)  # (N·L,)
        bound = (reconstruction - divergence).reshape(len(image), -1).mean(1)  # eq. 6 or 7, (N,)
        return {
            "reconstruction": -reconstruction.mean(),
            "divergence": self.beta * penalty.mean(),  # Higgins et al. 2017, eq. 4
            "bound": bound.detach(),
        }

    def infer(
        self, image: Tensor, label: Tensor | None = None, drawn: Tensor | None = None
    ) -> tuple[Tensor, Inferred]:
        """log p(x | z) `(N·L,)` at L draws from each image's posterior, and what they come from."""
        posterior = self.posterior(image, label).repeat(self.samples)  # q(z | x), N·L Gaussians
        latent = posterior.sample()  # (N·L, *latent)
        images = image.repeat_interleave(self.samples, 0)  # (N·L, C, H, W)
        labels = None if label is None else label.repeat_interleave(self.samples, 0)
        code = self.conditioner(latent, labels)  # (N·L, *code)
        reconstruction = self.likelihood(self.generator, code, images)  # log p(x | z), (N·L,)
        return reconstruction, Inferred(posterior, latent, self.sampler, drawn)

    def posterior(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """q(z | x), or q(z | x, y) if the encoder reads labels: N Gaussians."""
        read = (image, label) if self.encoder.conditional else (image,)
        found: DiagonalGaussian = self.encoder(*read)
        return found
