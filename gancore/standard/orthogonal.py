"""Orthogonal regularization of the weights of either player."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from gancore.component.interfaces import DiscriminatorRegularizer, GeneratorRegularizer
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.standard.regularizers import Score

__all__ = ["OrthogonalDiscriminator", "OrthogonalGenerator", "orthogonality"]


def orthogonality(module: nn.Module) -> Tensor:
    """Σ ‖W Wᵀ ⊙ (1 - I)‖² over the weights of a module, a row of W for each output.

    This is the relaxed form of Brock et al. 2018, arXiv:1809.11096, section 3.1, whose matrices have a column
    for each output. Frozen weights, embeddings and weights of one dimension (biases, gains) are left out.
    Raises FitError where no weight is left.
    """
    terms = [_similarity(weight) for weight in _matrices(module)]
    if not terms:
        raise FitError(f"{type(module).__name__} has no weight matrix that could be regularized")
    return torch.stack(terms).sum()


@part("orthogonal")
class OrthogonalGenerator(GeneratorRegularizer):
    """Orthogonal regularization of the generator: filters of a layer shall point in different directions,
    whatever their lengths.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096, section 3.1, the relaxed form without the diagonal:
    more of the models that were trained with it bear the truncation trick.
    """

    weight: float = field(default=1e-4, validator=at_least(0), help="the paper's β")

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """β Σ ‖WᵀW ⊙ (1 - I)‖²."""
        if not isinstance(render, nn.Module):
            raise FitError(f"{self.qualified_name} reads the generator's weights, but got a mere function")
        return self.weight * orthogonality(render)


@part("orthogonal")
class OrthogonalDiscriminator(DiscriminatorRegularizer):
    """Orthogonal regularization of the discriminator: filters of a layer shall point in different directions,
    whatever their lengths.

    Paper: Brock et al. 2018 (BigGAN), arXiv:1809.11096, section 3.1, the relaxed form without the diagonal,
    which the paper applies to the generator.
    """

    weight: float = field(default=1e-4, validator=at_least(0), help="the paper's β")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """β Σ ‖WᵀW ⊙ (1 - I)‖²."""
        return self.weight * orthogonality(real.discriminator)


def _matrices(module: nn.Module) -> Iterator[Tensor]:
    seen: set[int] = set()
    for layer in module.modules():
        for weight in layer.parameters(recurse=False):
            if weight.dim() < 2 or not weight.requires_grad or id(weight) in seen:
                continue
            seen.add(id(weight))
            if isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
                yield weight.transpose(0, 1).flatten(1)
            elif not isinstance(layer, nn.Embedding):
                yield weight.flatten(1)


def _similarity(matrix: Tensor) -> Tensor:
    """‖W Wᵀ ⊙ (1 - I)‖² of W `(R, C)`."""
    matrix = at_least_float32(matrix)
    with torch.autocast(matrix.device.type, enabled=False):
        if len(matrix) >= 2 * matrix.shape[1]:
            # ‖W Wᵀ‖ = ‖WᵀW‖, where WᵀW is the smaller; R ≥ 2 C rows cannot be orthogonal, so the difference
            # of the two sums is at least half of the first, and no digits cancel
            return (matrix.T @ matrix).square().sum() - matrix.square().sum(1).square().sum()
        products = matrix @ matrix.T  # (R, R)
        return (products - products.diag().diag()).square().sum()
