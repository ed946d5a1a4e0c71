"""FactorVAE."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator, Optimizer, Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least, whole
from gancore.recipes.base import Player, Run
from gancore.standard.losses import Minimax
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Normal
from gancore_vae.latent_discriminator import LatentMLP, as_images
from gancore_vae.recipe import VAE


@part("factor-vae")
class FactorVAE(VAE):
    """The VAE with a penalty γ on the total correlation KL(q(z) ‖ Π q(z_j)), which a discriminator estimates.

    Paper: Kim & Mnih 2018, arXiv:1802.05983, algorithm 2. One step is, in this order:

    1. a minibatch of 64 images, and one update of the model along the bound minus γ E log D(z) / (1 - D(z));
    2. another minibatch, encoded to latents whose coordinates are each permuted over the batch (algorithm 1),
       so that they come from Π q(z_j);
    3. one update of the discriminator, which tells the latents of 1 from those of 2.

    With one score for log D / (1 - D), the penalty is γ times the mean score. `beta` is 1 in the paper.
    Adam's settings are the paper's: learning rate 1e-4, betas (0.9, 0.999) for the model and (0.5, 0.9) for
    the discriminator. Permutations take in the whole batch, over all processes.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "discriminator": {"part": "latent-mlp", "width": 8, "depth": 1},
            "batch": 4,
        },
    )

    discriminator: Seat[Discriminator] = seat(default=LatentMLP, help="reads latents as images (d, 1, 1)")
    discriminator_optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-4, betas=(0.5, 0.9)))
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-4, betas=(0.9, 0.999)))
    gamma: float = field(default=10.0, validator=at_least(0), help="weight of the total correlation")
    batch: int = field(default=64, validator=whole(2), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The discriminator's images are the latents."""
        return super().facts(seat) | (self.latents_as_images if seat == "discriminator" else {})

    def build(self) -> None:
        """Checks that the parts fit, and makes the sampler of the second batch's noise."""
        super().build()
        self.noise = Normal(latent=tuple(self.conditioner.latent_shape))

    def players(self) -> dict[str, Player]:
        """The model, and the discriminator."""
        judge = Player([self.discriminator], self.discriminator_optimizer)
        return {**super().players(), "discriminator": judge}

    def step(self, run: Run) -> None:
        """Algorithm 2: the model's update, then the discriminator's."""
        batch, other = run.batch(), run.batch()
        drawn = run.draw(self.prior, len(batch["image"])) if self.divergence.draws else None
        seen = run.update("model", self.terms, batch["image"], batch.get("label"), drawn)
        with torch.no_grad():
            posterior = self.posterior(other["image"], other.get("label"))
        noise = run.draw(self.noise, len(other["image"]))
        latent = (
            posterior.mean + torch.exp(posterior.log_variance / 2) * noise
        )  # z' ~ q(z | x'), (N, *latent)
        run.update("discriminator", self.discriminator_terms, seen["latent"], permuted(run, latent))
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor, label: Tensor | None = None, drawn: Tensor | None = None) -> Terms:
        """Those of the VAE, the total correlation, and a latent `(N, *latent)` of each image."""
        reconstruction, inferred = self.infer(image, label, drawn)
        terms = self.bound_terms(len(image), reconstruction, inferred)
        scores = self.discriminator(as_images(inferred.latent))  # log D(z) / (1 - D(z)), (N·L,)
        latent = inferred.latent.detach()[:: self.samples]  # one for each image
        return {**terms, "total correlation": self.gamma * scores.mean(), "latent": latent}

    def discriminator_terms(self, latent: Tensor, shuffled: Tensor) -> Terms:
        """½ the cross-entropy of latents and permuted ones."""
        real, fake = self.discriminator(as_images(latent)), self.discriminator(as_images(shuffled))
        return {"cross-entropy": Minimax().discriminator(real, fake) / 2}


def permuted(run: Run, latent: Tensor) -> Tensor:
    """Latents `(N, *latent)` of which each coordinate is permuted over the whole batch (algorithm 1)."""
    whole = run.gather(latent.flatten(1))  # (N·ranks, d)
    order = torch.rand(whole.shape, generator=run.rng).argsort(0).to(whole.device)
    return run.scatter(whole.gather(0, order)).reshape(latent.shape)
