"""Base classes of the decoders and encoders."""

from abc import abstractmethod
from typing import ClassVar, Literal

from torch import Tensor

from gancore.component.interfaces import Encoder, Shape
from gancore.component.part import fact, interface
from gancore.component.precision import at_least_float32
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.nn.logit_decoder import LogitDecoder

Decoder = LogitDecoder
"""A generator with logits, which a Bernoulli likelihood reads."""


@interface("encoder")
class GaussianEncoder(Encoder):
    """The recognition model q(z | x): a Gaussian with diagonal covariance (Kingma & Welling 2013, eq. 9).

    A subclass writes `moments`. What it encodes to are latents, which a conditioner turns into codes.
    """

    gives: ClassVar[Literal["code", "latent"]] = "latent"
    latent: Shape = fact(help="shape of one latent, given by the conditioner")

    @abstractmethod
    def moments(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """`(N, C, H, W)` → mean and log-variance, each `(N, d)`, where d is the product of `latent`."""

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """`(N, C, H, W)` → the posterior over `(N, *latent)`, float32."""
        mean, log_variance = self.moments(image)  # (N, d), (N, d)
        return DiagonalGaussian(  # eq. 9, (N, *latent)
            *(at_least_float32(t).reshape(-1, *self.latent) for t in (mean, log_variance))
        )
