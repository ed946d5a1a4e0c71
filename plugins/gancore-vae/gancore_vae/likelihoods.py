"""Likelihoods: log p(x | z) from the decoder's output."""

import math
from abc import abstractmethod
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Generator, ImageShape
from gancore.component.part import Part, fact, field, interface, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import above
from gancore.errors import FitError
from gancore_vae.networks import Decoder

LEVEL = 2 / 255
"""The distance between two 8-bit gray levels of images in [-1, 1]."""


@interface("likelihood")
class Likelihood(Part):
    """log p(x | z) in nats of images `(N, C, H, W)` in [-1, 1], given a generator and codes: `(N,)` float32.

    `volume` is the width of one 8-bit gray level in the density's units; multiplying by it turns a density
    into a probability.
    """

    image: ImageShape = fact(help="shape (C, H, W) of one image, given by the data")
    volume: ClassVar[float] = LEVEL

    @abstractmethod
    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""

    def check(self, generator: Generator) -> None:
        """Raises FitError when the generator lacks an output that the likelihood needs."""

    def bits_per_dimension(self, nats: Tensor) -> Tensor:
        """Bits per value of an 8-bit image with log-density `nats`, taken as constant within a gray level."""
        return -(nats / math.prod(self.image) + math.log(self.volume)) / math.log(2)


@part("bernoulli")
class Bernoulli(Likelihood):
    """Each value is a Bernoulli variable: log p(x | z) = Σ x log y + (1 - x) log(1 - y), x in [0, 1].

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.1, eq. 11. Images in [-1, 1] are mapped to
    [0, 1]. For values other than 0 and 1 this is the usual cross-entropy, not a normalized density
    (Loaiza-Ganem & Cunningham 2019, arXiv:1907.06845): compare it only with itself.

    Raises:
        FitError: the generator has no logits.
    """

    volume: ClassVar[float] = 1.0

    def check(self, generator: Generator) -> None:
        """Raises FitError when the generator has no logits."""
        if not isinstance(generator, Decoder):
            raise FitError(
                f"{self.qualified_name} needs a decoder with logits (gancore_vae.Decoder), "
                f"but {generator.qualified_name} makes images only; "
                f"use likelihood/gaussian or likelihood/learned-gaussian with it"
            )

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        logits = cast(Decoder, generator).logits(code)  # (N, C, H, W)
        loss = functional.binary_cross_entropy_with_logits(logits, (image + 1) / 2, reduction="none")
        return -loss.flatten(1).sum(1)  # eq. 11, (N,)


@part("gaussian")
class Gaussian(Likelihood):
    """Each value is normal around the generator's image, with a fixed deviation. Works with any generator.

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2. Difference: the variance is fixed; the
    paper's decoder computes it. The density is that of values in [-1, 1].
    """

    deviation: float = field(
        default=0.1, validator=above(0), help="standard deviation of a value, for images in [-1, 1]"
    )

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        return _gaussian(
            at_least_float32(generator(code)),  # (N, C, H, W)
            image,
            torch.full((), math.log(self.deviation), device=image.device),
        )


@part("learned-gaussian")
class LearnedGaussian(Likelihood):
    """Each value is normal around the generator's image, with one learned deviation for all values.

    Works with any generator. Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2. Difference: all
    values share one variance, where the paper's decoder computes one for each (as in Rybkin et al. 2021,
    arXiv:2006.13202, section 4.1, who show that it balances the two terms automatically).
    """

    deviation: float = field(
        default=0.5, validator=above(0), help="initial standard deviation of a value, for images in [-1, 1]"
    )

    def build(self) -> None:
        """Makes the one parameter."""
        self.log_deviation = nn.Parameter(torch.tensor(math.log(self.deviation)))

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        return _gaussian(at_least_float32(generator(code)), image, self.log_deviation)


def _gaussian(mean: Tensor, image: Tensor, log_deviation: Tensor) -> Tensor:
    """The log-density of images `(N, C, H, W)` under N(mean, deviation²): `(N,)`."""
    squares = ((image - mean) * torch.exp(-log_deviation)).square().flatten(1)  # (N, C·H·W)
    return -(squares.sum(1) / 2 + squares.shape[1] * (log_deviation + math.log(2 * math.pi) / 2))  # (N,)


@part("discretized-logistic")
class DiscretizedLogistic(Likelihood):
    """Each value is one of 256 gray levels: the logistic distribution around the generator's image,
    integrated over the level's interval.

    Paper: Kingma et al. 2016, arXiv:1606.04934 (the logistic, discretized), with the outermost
    levels as in Salimans et al. 2017 (PixelCNN++), arXiv:1701.05517, section 2.1: the lowest reaches to -∞,
    the highest to ∞, so the probabilities of a value sum to 1. The scale is learned, one for all values,
    where Kingma et al. learn one for each channel. Works with any generator. Values between two levels count
    as the interval of that width around them.
    """

    volume: ClassVar[float] = 1.0
    scale: float = field(
        default=0.1, validator=above(0), help="initial scale of the logistic, for images in [-1, 1]"
    )

    def build(self) -> None:
        """Makes the one parameter."""
        self.log_scale = nn.Parameter(torch.tensor(math.log(self.scale)))

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        mean = at_least_float32(generator(code))  # (N, C, H, W)
        return self.log_levels(mean, image).flatten(1).sum(1)  # (N,)

    def log_levels(self, mean: Tensor, image: Tensor) -> Tensor:
        """The log-probability of each value's level: `(N, C, H, W)`."""
        half = LEVEL / 2
        upper = (image - mean + half) * torch.exp(-self.log_scale)  # F is the logistic function σ
        lower = (image - mean - half) * torch.exp(-self.log_scale)
        # σ(u) - σ(l) = σ(u) σ(-l) (1 - exp(l - u)): no difference of nearly equal numbers
        below = torch.where(image > 1 - half, 0.0, functional.logsigmoid(upper))  # σ(∞) = 1
        above = torch.where(image < half - 1, 0.0, functional.logsigmoid(-lower))
        inner = (image <= 1 - half) & (image >= half - 1)
        width = torch.log(-torch.expm1(-LEVEL * torch.exp(-self.log_scale)))
        return below + above + torch.where(inner, width, 0.0)
