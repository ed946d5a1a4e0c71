"""VAE-GAN."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator, Loss, Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import at_least, whole
from gancore.recipes.base import DiscriminatorProbe, Player, Run
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import RMSprop
from gancore_vae.divergences import ClosedForm, Divergence, Inferred
from gancore_vae.encoding import Encoding


class Made(NamedTuple):
    """Images from posteriors and from the prior, `(N, C, H, W)` each, and what the former come from."""

    reconstructed: Tensor
    generated: Tensor
    inferred: Inferred


@part("vae-gan")
class VAEGAN(Encoding):
    """A VAE whose likelihood is that of the discriminator's features, with a GAN on its decoder.

    Paper: Larsen et al. 2015, arXiv:1512.09300, algorithm 1, with x̃ = Dec(z), z ~ q(z | x), and
    x_p = Dec(z_p), z_p ~ p(z). One step is, on one minibatch of 64 images, in this order:

    1. one update of the encoder along L_prior + L_llike, the divergence and the negative log-likelihood of
       the features of x under a Gaussian of unit variance around those of x̃;
    2. one update of the decoder along γ L_llike - L_GAN, where x̃ and x_p both are generated images;
    3. one update of the discriminator along L_GAN.

    Differences: each update makes its own passes, with draws of its own; generated images count half as much
    as real ones each, so that both sides weigh the same; the game is any loss, by default the
    non-saturating one; features are those of `forward_features`, the last before the score. RMSprop at 3e-4
    as in the paper, without its decay of the learning rate.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "discriminator": {"part": "patchgan", "width": 4, "layers": 1},
            "batch": 4,
        },
    )

    divergence: Seat[Divergence] = seat(default=ClosedForm)
    discriminator: Seat[Discriminator] = seat(default="patchgan")
    loss: Seat[Loss] = seat(default=NonSaturating)
    encoder_optimizer: Seat[Optimizer] = seat(default=lambda: RMSprop(lr=3e-4))
    generator_optimizer: Seat[Optimizer] = seat(default=lambda: RMSprop(lr=3e-4))
    discriminator_optimizer: Seat[Optimizer] = seat(default=lambda: RMSprop(lr=3e-4))
    gamma: float = field(
        default=1e-3, validator=at_least(0), help="the paper's γ, weight of the features for the decoder"
    )
    batch: int = field(default=64, validator=whole(1), help="batch size, unless the run sets one")

    def build(self) -> None:
        """Checks that the parts fit."""
        super().build()
        self.divergence.check(self.prior)

    @property
    def conditional(self) -> bool:
        """Whether any part reads labels."""
        return super().conditional or self.discriminator.conditional

    def players(self) -> dict[str, Player]:
        """Encoder, generator (the decoder) and discriminator."""
        return {
            "encoder": Player([self.encoder, self.divergence, self.prior], self.encoder_optimizer),
            "generator": Player(
                [self.generator, self.conditioner], self.generator_optimizer, followers=[self.labels]
            ),
            "discriminator": Player([self.discriminator, self.loss], self.discriminator_optimizer),
        }

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator, with the labels of its images if it reads labels."""
        label = "label" if self.discriminator.conditional else ""
        return {"discriminator": DiscriminatorProbe(self.discriminator, "image", "image", label=label)}

    def step(self, run: Run) -> None:
        """Algorithm 1: the encoder's update, the decoder's, the discriminator's."""
        batch = run.batch()
        rows = (batch["image"], batch.get("label"), run.draw(self.prior, len(batch["image"])))
        run.update("encoder", self.encoder_terms, *rows)
        run.update("generator", self.generator_terms, *rows)
        run.update("discriminator", self.discriminator_terms, *rows)

    def encoder_terms(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Terms:
        """L_prior + L_llike."""
        made = self.make(image, label, drawn)
        divergence = self.divergence.penalty(self.divergence.nats(made.inferred), made.inferred)  # (N,)
        return {
            "divergence": divergence.mean(),
            "features": -self.feature_likelihood(image, made.reconstructed).mean(),
        }

    def generator_terms(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Terms:
        """γ L_llike - L_GAN."""
        made = self.make(image, label, drawn)
        real = self.discriminator(image, label) if self.loss.needs_real else None
        scores = [self.discriminator(fake, label) for fake in (made.reconstructed, made.generated)]
        losses = [self.loss.generator(fake, real) for fake in scores]
        return {
            "features": -self.gamma * self.feature_likelihood(image, made.reconstructed).mean(),
            "adversarial": (losses[0] + losses[1]) / 2,
        }

    def discriminator_terms(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Terms:
        """-L_GAN."""
        with torch.no_grad():
            made = self.make(image, label, drawn)
        real = self.discriminator(image, label)
        scores = [self.discriminator(fake, label) for fake in (made.reconstructed, made.generated)]
        losses = [self.loss.discriminator(real, fake) for fake in scores]
        return {"adversarial": (losses[0] + losses[1]) / 2}

    def make(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Made:
        """x̃ and x_p."""
        posterior = self.posterior(image, label)
        latent = posterior.sample()  # (N, *latent)
        reconstructed, generated = (self.generator(self.conditioner(z, label)) for z in (latent, drawn))
        return Made(reconstructed, generated, Inferred(posterior, latent, self.prior, drawn))

    def feature_likelihood(self, image: Tensor, made: Tensor) -> Tensor:
        """log N(Dis_l(x); Dis_l(x̃), I) `(N,)`."""
        features = self.discriminator.forward_features
        real, fake = (at_least_float32(features(x)).flatten(1) for x in (image, made))  # (N, F)
        return -((real - fake).square() + math.log(2 * math.pi)).sum(1) / 2  # (N,)
