"""The kind `autoencoder-penalty`: penalties on codes and on the decoder."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.part import Part, field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above, at_least, below, whole
from gancore.nn.jacobian import projected_jacobian_norm
from gancore_autoencoder.coded import Coded


@interface("autoencoder-penalty")
class Penalty(Part):
    """A penalty on an autoencoder: `(coded)` → a float32 scalar, a mean over the rows.

    Codes and decoders are those of `Coded`, which computes what is asked for and nothing twice.
    """

    gradient: ClassVar[bool] = False
    """Whether it differentiates, so that the update differentiates twice; `coded.read` requires a gradient
    then.
    """

    weight: float = field(default=1.0, validator=at_least(0), help="weight of the penalty")

    @abstractmethod
    def forward(self, coded: Coded) -> Tensor:
        """The penalty, a batch mean."""


@part("code-norm")
class CodeNorm(Penalty):
    """β ½ ‖z‖²: keeps codes near the origin.

    Paper: Ghosh et al. 2019 (RAE), arXiv:1903.12436, the term L_Z.
    """

    weight: float = field(default=0.05, validator=at_least(0), help="the paper's β")

    def forward(self, coded: Coded) -> Tensor:
        """β E ½ ‖z‖²."""
        return self.weight / 2 * coded.code.square().flatten(1).sum(1).mean()


@part("decoder-weights")
class DecoderWeights(Penalty):
    """λ ‖θ‖², summed over the decoder's weights: weight decay as a term.

    Paper: Ghosh et al. 2019 (RAE-L2), arXiv:1903.12436, the term L_L2 (Tikhonov regularization).
    """

    weight: float = field(default=4e-4, validator=at_least(0), help="the paper's λ")

    def forward(self, coded: Coded) -> Tensor:
        """λ ‖θ‖²."""
        squares = [p.square().sum() for p in coded.generator.parameters()]
        return self.weight * at_least_float32(torch.stack(squares).sum())


@part("decoder-gradient")
class DecoderGradient(Penalty):
    """λ ‖∇g(z)‖² at the codes of the images: the squared Frobenius norm of the decoder's Jacobian.

    Paper: Ghosh et al. 2019 (RAE-GP), arXiv:1903.12436, the term L_GP. The norm is estimated by random
    projections, without bias. Difference: the released code takes the gradient of the sum of the squared
    values of the image, where the paper has the norm.
    """

    gradient: ClassVar[bool] = True
    weight: float = field(default=0.01, validator=at_least(0), help="the paper's λ")
    projections: int = field(default=1, validator=whole(1), help="random projections of an image")

    def forward(self, coded: Coded) -> Tensor:
        """λ E ‖vᵀ ∂g(z)/∂z‖², v ~ N(0, I)."""
        norm = projected_jacobian_norm(coded.made, coded.code, self.projections)  # (N,)
        return self.weight * norm.mean()


@part("absolute-code")
class AbsoluteCode(Penalty):
    """λ Σ |z|: sparse codes by the L1 norm."""

    weight: float = field(default=0.1, validator=at_least(0), help="λ")

    def forward(self, coded: Coded) -> Tensor:
        """λ E ‖z‖₁."""
        return self.weight * coded.code.abs().flatten(1).sum(1).mean()


@part("sparse-activation", tags=["batch"])
class SparseActivation(Penalty):
    """λ Σ_j KL(ρ ‖ ρ̂_j): the mean activation ρ̂_j of each value of a code over the batch is moved to the
    target ρ.

    The sparse autoencoder of Ng 2011 (CS294A lecture notes). Codes are activations in [0, 1], of an encoder
    with the activation sigmoid; they are kept `margin` away from 0 and 1, where the divergence is infinite.
    Tagged `batch`: a mean over a micro-batch is not that over the batch.
    """

    weight: float = field(default=3.0, validator=at_least(0), help="λ")
    target: float = field(
        default=0.05, validator=[above(0), below(1)], help="the mean activation ρ, in (0, 1)"
    )
    margin: float = field(
        default=1e-4, validator=[above(0), below(0.5)], help="least distance of a mean from 0 and 1"
    )

    def forward(self, coded: Coded) -> Tensor:
        """λ Σ ρ log ρ/ρ̂ + (1 - ρ) log (1 - ρ)/(1 - ρ̂)."""
        mean = coded.code.flatten(1).mean(0).clamp(self.margin, 1 - self.margin)  # (d,)
        rho = torch.tensor(self.target, dtype=mean.dtype, device=mean.device)
        active, idle = rho * (rho / mean).log(), (1 - rho) * ((1 - rho) / (1 - mean)).log()
        return self.weight * (active + idle).sum()
