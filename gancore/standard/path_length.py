"""Path length regularization of any generator."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import GeneratorRegularizer
from gancore.component.part import RunningMean, field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal
from gancore.component.scored import Scored
from gancore.component.validators import above, at_least, whole, within

__all__ = ["PathLength", "path_lengths"]

TINY = 1e-12
"""Added under the square root, whose derivative at zero is infinite."""


@part("path-length")
class PathLength(GeneratorRegularizer):
    """Encourages a step of fixed size in the generator's code to change the image by a fixed amount, in any
    direction.

    Paper: Karras et al. 2019, arXiv:1912.04958, section 3.2, eq. 4, and appendix B: E (‖J_wᵀ y‖ - a)² with
    normal images y and a running mean a of the lengths. As in the released code it is applied in every 4th
    step (the paper: every 8th), on half of the batch and with a weight of 2; y is divided by the root of the
    number of pixels, and the squared length is the mean over the layers' codes. Difference: a is updated
    after an update of the generator, not within it, so that micro-batches are exact. The paper's generator is
    that of StyleGAN2, and its code w; here it is any generator with its code, such as DCGAN with the latent
    itself.
    """

    former_names: ClassVar[Sequence[str]] = ("gancore-stylegan:path-length",)

    every: int = field(default=4, validator=whole(1), help="apply in every k-th step, scaled by k")
    batch_fraction: float = field(
        default=0.5, validator=[above(0), within(0, 1)], help="fraction of the batch to use, in (0, 1]"
    )
    weight: float = field(default=2.0, validator=at_least(0), help="weight of the squared difference")
    mean_decay: float = field(
        default=0.99, validator=within(0, 1), help="fraction of the running mean that an update keeps"
    )

    @classmethod
    def upgraded(cls, table: Mapping[str, Any]) -> dict[str, Any]:
        """Converts the former option `decay`, the fraction that an update replaces."""
        table = super().upgraded(table)
        return table | {"mean_decay": 1 - table.pop("decay")} if "decay" in table else table

    def build(self) -> None:
        """Starts the running mean at zero."""
        self.register_buffer("mean", torch.zeros(()))
        self.seen = RunningMean()

    def forward(self, render: Callable[[Tensor], Tensor], fake: Scored, real: Scored) -> Tensor:
        """λ E (‖J_wᵀ y‖ - a)², λ the weight, over codes w `(N, L, W)` or `(N, W)`."""
        lengths = path_lengths(render, fake.code)  # (N,)
        if self.training:
            self.seen.add(lengths.sum(), len(lengths))
        return self.weight * (lengths - self.get_buffer("mean")).square().mean()  # eq. 4

    def update_buffers(self) -> None:
        """Moves the running mean toward the mean length of this update."""
        if self.seen.mean is not None:
            mean = self.get_buffer("mean")
            mean.lerp_(self.seen.mean.to(mean), 1 - self.mean_decay)


def path_lengths(render: Callable[[Tensor], Tensor], code: Tensor) -> Tensor:
    """‖J_wᵀ y‖ for one normal image y per code, `(N,)`, differentiable with respect to weights and codes."""
    with torch.enable_grad():
        code = code if code.requires_grad else code.detach().requires_grad_()  # (N, L, W) or (N, W)
        image = render(code)  # (N, C, H, W)
        y = normal(*image.shape, like=image) / math.sqrt(image.shape[2] * image.shape[3])
        (gradient,) = torch.autograd.grad((image * y).sum(), code, create_graph=True)  # J_wᵀ y, like code
    gradient = at_least_float32(gradient)
    squares = gradient.square().sum(-1).reshape(len(code), -1).mean(1)  # (N,), the mean over layers
    return (squares + TINY).sqrt()
