"""Penalties on the discriminator: `(score, real, fake)` → a mean over the batch."""

from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import relu

from gancore.component.interfaces import DiscriminatorRegularizer
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.randomness import normal, uniform
from gancore.component.scored import Scored
from gancore.component.validators import at_least

__all__ = [
    "R1",
    "R2",
    "Dragan",
    "Drift",
    "GradientPenalty",
    "MaxGradient",
    "OneSidedGradientPenalty",
    "input_gradient",
    "scored_gradient",
]

Score = Callable[[Tensor], Tensor]


def input_gradient(scores: Tensor, image: Tensor) -> Tensor:
    """The gradient of the scores with respect to their images `(N, C, H, W)`, itself differentiable; patch
    scores are summed over patches.

    Float32 (float64 if the image is). Zero if the scores do not depend on the image.
    """
    if not scores.requires_grad:
        return torch.zeros_like(image)
    (gradient,) = torch.autograd.grad(scores.sum(), image, create_graph=True, materialize_grads=True)
    return at_least_float32(gradient)


def scored_gradient(score: Score, scored: Scored) -> Tensor:
    """`input_gradient` at images that are already scored: reuses that forward pass if the image requires a
    gradient, else makes a new one.
    """
    if scored.image.requires_grad:
        return input_gradient(scored.scores, scored.image)
    return gradient_at(score, scored.image)


def gradient_at(score: Score, image: Tensor) -> Tensor:
    """`input_gradient` in a separate forward pass over a detached copy of the image, so that no gradient
    reaches the image's origin.
    """
    image = image.detach().requires_grad_()
    return input_gradient(score(image), image)


@part("r1")
class R1(DiscriminatorRegularizer):
    """The squared norm of the discriminator's gradient on real images alone.

    Paper: Mescheder et al. 2018, arXiv:1801.04406, eq. 9; patch scores, which the paper does not cover, are
    summed over patches.
    """

    former_names: ClassVar[Sequence[str]] = ("gancore-stylegan:r1-auto",)
    gradient: ClassVar[bool] = True
    gamma: float = field(
        default=10.0, validator=at_least(0), help="the paper's γ; the penalty is γ/2 times the squared norm"
    )

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """γ/2 E ‖∇D(x)‖² over real images."""
        return self.gamma / 2 * _squared_norm(scored_gradient(score, real)).mean()


@part("r2")
class R2(DiscriminatorRegularizer):
    """The squared norm of the discriminator's gradient on the generator's images.

    Paper: Mescheder et al. 2018, arXiv:1801.04406, eq. 10; patch scores, which the paper does not cover, are
    summed over patches.
    """

    gradient: ClassVar[bool] = True
    gamma: float = field(
        default=10.0, validator=at_least(0), help="the paper's γ; the penalty is γ/2 times the squared norm"
    )

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """γ/2 E ‖∇D(G(z))‖²."""
        return self.gamma / 2 * _squared_norm(scored_gradient(score, fake)).mean()


@part("gradient-penalty")
class GradientPenalty(DiscriminatorRegularizer):
    """The squared distance from 1 of the norm of the critic's gradient, at points drawn on lines between real
    and fake images.

    Paper: Gulrajani et al. 2017, arXiv:1704.00028, eq. 3 and algorithm 1. Labels at these points are those of
    the real images.
    """

    weight: float = field(default=10.0, validator=at_least(0), help="the paper's λ")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ E (‖∇D(x̂)‖ - 1)²."""
        return self.weight * (_norm(gradient_at(score, _between(real, fake))) - 1).square().mean()


@part("one-sided-gradient-penalty")
class OneSidedGradientPenalty(DiscriminatorRegularizer):
    """The one-sided gradient penalty: only norms above 1 are penalized, as the Lipschitz constraint requires.

    Paper: Petzka et al. 2018, arXiv:1709.08894 (WGAN-LP), at the points of Gulrajani et al. 2017,
    arXiv:1704.00028, algorithm 1, whose section 4 names the one-sided penalty as an option.
    """

    weight: float = field(default=10.0, validator=at_least(0), help="the papers' λ")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ E max(0, ‖∇D(x̂)‖ - 1)²."""
        return self.weight * relu(_norm(gradient_at(score, _between(real, fake))) - 1).square().mean()


@part("max-gradient", tags=["batch"])
class MaxGradient(DiscriminatorRegularizer):
    """The squared Lipschitz constant of the discriminator, estimated by the square of the largest norm of its
    gradient among points drawn on lines between real and fake images.

    Paper: Zhou et al. 2019 (Lipschitz GANs), arXiv:1902.05687, the penalty λ k(f)², k(f) the Lipschitz
    constant, estimated by the largest norm in a batch (MaxGP in its released code, whose λ of 0.1 is the
    default). Difference: that code can also keep the points of the largest norms and look there again in the
    next step; as in its default, whose store is empty, nothing is kept here, so that the estimate is that of
    the batch alone, and a micro-batch has its own. Labels at the points are those of the real images.
    """

    weight: float = field(default=0.1, validator=at_least(0), help="the paper's λ")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ max ‖∇D(x̂)‖²."""
        return self.weight * _norm(gradient_at(score, _between(real, fake))).amax().square()


@part("dragan")
class Dragan(DiscriminatorRegularizer):
    """The gradient penalty in the neighborhood of the real images: x + δ with δ ~ N(0, c I).

    Paper: Kodali et al. 2017, arXiv:1705.07215, the objective called DRAGAN. The paper's c belongs to its
    pixel scale; here √c is `deviation`, for images in [-1, 1]. The authors' released code draws uniform noise
    scaled by the batch's own deviation; that would make each sample depend on the others of its batch, so it
    is not followed.
    """

    weight: float = field(default=10.0, validator=at_least(0), help="the paper's λ")
    target: float = field(default=1.0, validator=at_least(0), help="the paper's k, the target norm")
    deviation: float = field(
        default=0.25, validator=at_least(0), help="standard deviation of the noise, for images in [-1, 1]"
    )

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ E (‖∇D(x + δ)‖ - k)²."""
        image = real.image
        noise = normal(*image.shape, like=image).to(image.dtype)
        return (
            self.weight
            * (_norm(gradient_at(score, image + self.deviation * noise)) - self.target).square().mean()
        )


@part("output-drift")
class Drift(DiscriminatorRegularizer):
    """A small penalty that keeps the discriminator's output on real images from drifting too far from zero.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, appendix A.1.
    """

    epsilon: float = field(default=0.001, validator=at_least(0), help="the paper's ε_drift")

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """ε E D(x)²."""
        return self.epsilon * real.scores.square().mean()


def _between(real: Scored, fake: Scored) -> Tensor:
    x = real.image
    share = uniform(len(x), 1, 1, 1, like=x).to(x.dtype)
    return share * x + (1 - share) * fake.image


def _squared_norm(gradient: Tensor) -> Tensor:
    return gradient.square().flatten(1).sum(1)


def _norm(gradient: Tensor) -> Tensor:
    # unlike that of the square root of a sum of squares, its gradient at zero is zero, not NaN
    norm: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return norm
