"""Gradient normalization of any discriminator."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.component.part import Seat, fact, part, seat
from gancore.errors import FitError
from gancore.standard.patchgan import PatchGAN
from gancore.standard.regularizers import input_gradient

__all__ = ["GradientNormalization"]

TINY = 1e-12
"""Added to the denominator, which is zero where a discriminator gives 0 whatever the image."""


@part("gradient-normalization")
class GradientNormalization(Discriminator):
    """Any discriminator, divided by the norm of its gradient in the image, so that it is 1-Lipschitz whatever
    its layers are: f̂(x) = f(x) / (‖∇f(x)‖ + |f(x)|), between -1 and 1.

    Paper: Wu et al. 2021 (GN-GAN), arXiv:2109.02235; the formula is that of its released code. The bound is
    that of networks that are linear in pieces, as with rectifiers. Scores contain a gradient, so each update
    of either player differentiates twice. A penalty on the gradient, as R1, needs a third derivative, which
    torch's layers of normalization do not have: with these inside, its gradient is not exact. Features are
    those of the network, unnormalized. Scores by patch, which the paper does not cover, are normalized by the
    gradient of their sum.

    Other parts go inside: `network` may be `discriminator/projection`, but that cannot be put around this, as
    it adds to scores that are made from features.

    `(N, C, H, W)` in [-1, 1] → scores as of `network`, whose labels it passes on.

    Raises:
        FitError: scores are asked for from features alone.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"network": {"part": "patchgan", "width": 2, "layers": 1}},
        {"network": {"part": "projection", "network": {"part": "patchgan", "width": 2, "layers": 1}}},
    )
    differentiates: ClassVar[bool] = True
    classes: int = fact(default=0, help="number of classes, given by the data")
    network: Seat[Discriminator] = seat(default=PatchGAN, help="the discriminator that is normalized")

    @property
    def conditional(self) -> bool:  # type: ignore[override]
        """As the network."""
        return self.network.conditional

    def facts(self, seat: str) -> dict[str, Any]:
        """The network reads the same images and labels."""
        return {"image": self.image, "classes": self.classes}

    def forward_features(self, image: Tensor) -> Tensor:
        """The features of the network."""
        return self.network.forward_features(image)

    def forward_head(self, features: Tensor, label: Tensor | None = None) -> Tensor:
        """Raises FitError: features do not tell the gradient in the image."""
        raise FitError(
            f"{self.qualified_name} divides scores by their gradient in the image, which features do not "
            "tell; put it around the part that adds to the scores, not inside"
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → f / (‖∇f‖ + |f|), `(N,)` or `(N, 1, h, w)` float32."""
        wanted = torch.is_grad_enabled()
        with torch.enable_grad():
            image = image if image.requires_grad else image.detach().requires_grad_()
            scores: Tensor = self.network(image, label)  # f, (N,) or (N, 1, h, w)
            gradient = input_gradient(scores, image)  # ∇f, (N, C, H, W)
            norm = torch.linalg.vector_norm(gradient.flatten(1), dim=1)  # ‖∇f‖, (N,)
            norm = norm.reshape(-1, *[1] * (scores.dim() - 1))
            normalized: Tensor = scores / (norm + scores.abs() + TINY)
        return normalized if wanted else normalized.detach()
