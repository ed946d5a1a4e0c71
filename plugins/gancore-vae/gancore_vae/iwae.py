"""The importance-weighted autoencoder."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Terms
from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.recipes.base import Run
from gancore_vae.priors import check_density, log_density
from gancore_vae.variational import Variational


@part("iwae")
class IWAE(Variational):
    """Stochastic gradient ascent of the importance-weighted bound E log 1/K Σ_k p(x, z_k) / q(z_k | x).

    Paper: Burda, Grosse & Salakhutdinov 2015, arXiv:1509.00519, eq. 8. One step is, in this order:

    1. a minibatch of 20 images (`batch`);
    2. K draws of the latent for each image (`samples`; the paper tries 1, 5 and 50);
    3. one update along the gradient of the bound, in which automatic differentiation weighs the draws by
       their normalized importance.

    K = 1 is the VAE with `divergence = "sampled"`. One stochastic layer; convolutional networks unless others
    take their seats. Adam (β₁ 0.9, β₂ 0.999, ε 1e-4) as in the paper, at one learning rate.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "convolutional-decoder", "width": 4, "latent": 4},
            "encoder": {"part": "convolutional-encoder", "width": 4},
            "samples": 3,
            "batch": 4,
        },
    )

    samples: int = field(default=5, validator=whole(1), help="latents K drawn per image")
    batch: int = field(default=20, validator=whole(1), help="batch size, unless the run sets one")

    def build(self) -> None:
        """Checks that the parts fit, and that the prior has a density."""
        super().build()
        check_density(self.prior, self.qualified_name)

    def step(self, run: Run) -> None:
        """A minibatch, K draws, a step along the gradient."""
        batch = run.batch()
        seen = run.update("model", self.terms, batch["image"], batch.get("label"))
        run.log(bound=seen["bound"].mean())

    def terms(self, image: Tensor, label: Tensor | None = None) -> Terms:
        """The negative bound, and the bound `(N,)` of each image."""
        reconstruction, inferred = self.infer(image, label)
        posterior, latent, prior, _ = inferred
        weights = reconstruction + log_density(prior, latent) - posterior.log_density(latent)  # (N·K,)
        rows = weights.reshape(len(image), -1)  # log p(x, z_k) / q(z_k | x), (N, K)
        bound = torch.logsumexp(rows, 1) - math.log(self.samples)  # eq. 8, (N,)
        return {"weighted": -bound.mean(), "bound": bound.detach()}
