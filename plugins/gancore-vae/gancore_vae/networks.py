"""Base classes of the decoders and encoders."""

from abc import abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

from gancore.component.interfaces import Encoder, Generator, Shape
from gancore.component.part import fact, interface
from gancore.component.precision import at_least_float32
from gancore.nn.diagonal_gaussian import DiagonalGaussian


@interface("generator")
class Decoder(Generator):
    """A generator with logits, so that a Bernoulli likelihood stays exact where the image saturates.

    The image is the Bernoulli mean σ(logits) mapped from [0, 1] to [-1, 1], 2 σ(logits) - 1 =
    tanh(logits / 2), so a decoder works wherever a generator does.
    """

    @abstractmethod
    def logits(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)` float32, unbounded."""

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *code_shape)` → `(N, C, H, W)` float32 in [-1, 1]."""
        return torch.tanh(self.logits(code) / 2)  # 2 σ(logits) - 1


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
