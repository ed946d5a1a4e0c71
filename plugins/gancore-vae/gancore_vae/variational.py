"""What recipes along a variational bound have in common."""

from torch import Tensor

from gancore.component.interfaces import Constraint, Optimizer
from gancore.component.part import Seat, Seats, field, interface, seat
from gancore.component.validators import whole
from gancore.recipes.base import Player
from gancore.standard.optimizers import Adam
from gancore_vae.divergences import Inferred
from gancore_vae.encoding import Encoding
from gancore_vae.likelihoods import Bernoulli, Likelihood


@interface("recipe")
class Variational(Encoding):
    """A recipe with a likelihood p(x | z), of which one player holds all networks.

    Raises:
        FitError: the likelihood does not fit the generator, or what `Encoding` refuses.
    """

    likelihood: Seat[Likelihood] = seat(default=Bernoulli)
    constraints: Seats[Constraint] = seat(default=(), help="applied to all weights")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)))
    samples: int = field(default=1, validator=whole(1), help="latents L drawn per image")

    def build(self) -> None:
        """Checks that the parts fit."""
        super().build()
        self.likelihood.check(self.generator)

    def players(self) -> dict[str, Player]:
        """One player: all networks, and the parameters of prior and likelihood."""
        return {
            "model": Player(
                [self.encoder, self.generator, self.likelihood, self.conditioner, self.prior],
                self.optimizer,
                constraints=list(self.constraints),
                followers=[self.labels],
            )
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
        return reconstruction, Inferred(posterior, latent, self.prior, drawn)
