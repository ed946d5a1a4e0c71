"""The adversarial autoencoder."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Discriminator, Loss, Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import whole
from gancore.recipes.base import Player, Run
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore_vae.encoding import Encoding
from gancore_vae.latent_discriminator import LatentMLP, as_images
from gancore_vae.likelihoods import Bernoulli, Likelihood


@part("adversarial-autoencoder")
class AdversarialAutoencoder(Encoding):
    """An autoencoder whose latents a discriminator cannot tell from draws of the prior.

    Paper: Makhzani et al. 2015, arXiv:1511.05644. One step is, on one minibatch, in this order:

    1. the reconstruction phase: one update of encoder and decoder along log p(x | z), z ~ q(z | x);
    2. the regularization phase: one update of the discriminator, which tells draws from p(z) from latents of
       the encoder, and
    3. one update of the encoder, which makes it fail.

    The prior is any sampler: no density is needed. q(z | x) is Gaussian, one of the paper's choices, whose
    variance nothing but the game of 2 and 3 holds. Differences: Adam with betas (0.5, 0.999) for the game in
    place of gradient descent with momentum, and convolutional networks unless others take their seats; the
    discriminator has two hidden layers of 1000 units, as in the paper.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "discriminator": {"part": "latent-mlp", "width": 8, "depth": 1},
            "batch": 4,
        },
    )

    likelihood: Seat[Likelihood] = seat(default=Bernoulli)
    discriminator: Seat[Discriminator] = seat(
        default=lambda: LatentMLP(depth=2), help="reads latents as images (d, 1, 1)"
    )
    loss: Seat[Loss] = seat(default=NonSaturating)
    optimizer: Seat[Optimizer] = seat(
        default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)), help="of the reconstruction phase"
    )
    encoder_optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=2e-4, betas=(0.5, 0.999)))
    discriminator_optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=2e-4, betas=(0.5, 0.999)))
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The discriminator's images are the latents."""
        return super().facts(seat) | (self.latents_as_images if seat == "discriminator" else {})

    def build(self) -> None:
        """Checks that the parts fit."""
        super().build()
        self.likelihood.check(self.generator)

    def players(self) -> dict[str, Player]:
        """The autoencoder, the discriminator, and the encoder once more."""
        autoencoder = [self.encoder, self.generator, self.conditioner, self.likelihood]
        return {
            "autoencoder": Player(autoencoder, self.optimizer, followers=[self.prior, self.labels]),
            "discriminator": Player([self.discriminator, self.loss], self.discriminator_optimizer),
            "encoder": Player([self.encoder], self.encoder_optimizer),
        }

    def step(self, run: Run) -> None:
        """The reconstruction phase, then the regularization phase."""
        batch = run.batch()
        rows = (batch["image"], batch.get("label"))
        run.update("autoencoder", self.autoencoder_terms, *rows)
        drawn = run.draw(self.prior, len(batch["image"]))
        run.update("discriminator", self.discriminator_terms, *rows, drawn)
        run.update("encoder", self.encoder_terms, *rows, drawn)

    def autoencoder_terms(self, image: Tensor, label: Tensor | None) -> Terms:
        """-log p(x | z) at a draw from the posterior."""
        latent = self.posterior(image, label).sample()  # (N, *latent)
        likelihood = self.likelihood(self.generator, self.conditioner(latent, label), image)  # (N,)
        return {"reconstruction": -likelihood.mean()}

    def discriminator_terms(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Terms:
        """The discriminator's loss; draws from the prior are the real ones."""
        latent = self.posterior(image, label).sample().detach()  # (N, *latent)
        return {"adversarial": self.loss.discriminator(self.score(drawn), self.score(latent))}

    def encoder_terms(self, image: Tensor, label: Tensor | None, drawn: Tensor) -> Terms:
        """The encoder's loss, as the generator of latents."""
        real = self.score(drawn) if self.loss.needs_real else None
        return {"adversarial": self.loss.generator(self.score(self.posterior(image, label).sample()), real)}

    def score(self, latent: Tensor) -> Tensor:
        """The discriminator's scores of latents `(N, *latent)`."""
        scores: Tensor = self.discriminator(as_images(latent))
        return scores
