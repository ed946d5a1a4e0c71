"""Contractive penalties: the squared Frobenius norm of the encoder's Jacobian."""

from typing import ClassVar

from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import at_least, whole
from gancore.nn.jacobian import jacobian_norm, projected_jacobian_norm
from gancore_autoencoder.coded import Coded
from gancore_autoencoder.penalties import Penalty


@part("contractive")
class Contractive(Penalty):
    """λ ‖J_f(x)‖², so that codes change little with the image.

    Paper: Rifai et al. 2011, Contractive auto-encoders: explicit invariance during feature extraction. The
    norm is exact, by a backward pass for each value of a code, for any encoder; the paper has its closed form
    for one layer with a sigmoid. Derivatives are those in an image of [-1, 1], half of those in [0, 1].
    """

    gradient: ClassVar[bool] = True
    weight: float = field(default=0.1, validator=at_least(0), help="the paper's λ")

    def forward(self, coded: Coded) -> Tensor:
        """λ E ‖∂f(x)/∂x‖²."""
        return self.weight * jacobian_norm(coded.code, coded.read).mean()


@part("contractive-projected")
class ProjectedContractive(Penalty):
    """The contractive penalty, estimated by random projections without bias: for convolutional encoders and
    long codes, as it takes few backward passes.

    Paper: Rifai et al. 2011, Contractive auto-encoders: explicit invariance during feature extraction. The
    projections are not in the paper.
    """

    gradient: ClassVar[bool] = True
    weight: float = field(default=0.1, validator=at_least(0), help="the paper's λ")
    projections: int = field(default=1, validator=whole(1), help="random projections of a code")

    def forward(self, coded: Coded) -> Tensor:
        """λ E ‖vᵀ ∂f(x)/∂x‖², v ~ N(0, I)."""
        norm = projected_jacobian_norm(coded.code, coded.read, self.projections)  # (N,)
        return self.weight * norm.mean()
