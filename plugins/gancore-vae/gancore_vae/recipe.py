"""The training recipe of the variational autoencoder."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Terms
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least
from gancore.recipes.base import Player, Run
from gancore_vae.divergences import ClosedForm, Divergence, Inferred
from gancore_vae.variational import Variational


@part("vae")
class VAE(Variational):
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

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
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

    divergence: Seat[Divergence] = seat(default=ClosedForm)
    beta: float = field(default=1.0, validator=at_least(0), help="weight of the divergence")

    def build(self) -> None:
        """Checks that the parts fit."""
        super().build()
        self.divergence.check(self.prior)

    def players(self) -> dict[str, Player]:
        """One player: all networks, and the parameters of prior, likelihood and divergence."""
        players = super().players()
        players["model"].parts = [*players["model"].parts, self.divergence]
        return players

    def later_weights(self) -> dict[str, Tensor]:
        """The label sampler's state, from before the recipe held one; it was not conditional then."""
        return {f"labels.{name}": value for name, value in self.labels.state_dict().items()}

    def step(self, run: Run) -> None:
        """Algorithm 1: a minibatch, a draw of the latents, a step along the gradient."""
        batch = run.batch()
        image = batch["image"]
        drawn = run.draw(self.prior, len(image)) if self.divergence.draws else None
        seen = run.update("model", self.terms, image, batch.get("label"), drawn)
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor, label: Tensor | None = None, drawn: Tensor | None = None) -> Terms:
        """The negative bound as two terms, and the bound `(N,)` of each image (without β)."""
        reconstruction, inferred = self.infer(image, label, drawn)
        return self.bound_terms(len(image), reconstruction, inferred)

    def bound_terms(self, n: int, reconstruction: Tensor, inferred: Inferred) -> Terms:
        """The terms of `n` images, from log p(x | z) `(n·L,)` at draws from their posteriors."""
        divergence = self.divergence.nats(inferred)  # D_KL(q(z | x) ‖ p(z)), (n·L,)
        penalty = self.divergence.penalty(divergence, inferred)  # (n·L,)
        bound = (reconstruction - divergence).reshape(n, -1).mean(1)  # eq. 6 or 7, (n,)
        return {
            "reconstruction": -reconstruction.mean(),
            "divergence": self.beta * penalty.mean(),  # Higgins et al. 2017, eq. 4
            "bound": bound.detach(),
        }
