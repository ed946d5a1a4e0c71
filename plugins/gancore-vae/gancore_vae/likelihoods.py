"""What the decoder's output says of the probability of an image: log p(x | z)."""

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


@interface("likelihood")
class Likelihood(Part):
    """log p(x | z) in nats of images `(N, C, H, W)` in [-1, 1], given a generator and codes: `(N,)` float32.

    `volume` is the volume of one value's 8-bit cell in the density's units, by which a density becomes a
    probability.
    """

    image: ImageShape = fact(help="shape (C, H, W) of one image, told by the data")
    volume: ClassVar[float] = 2 / 255

    @abstractmethod
    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""

    def check(self, generator: Generator) -> None:
        """Raises FitError when the generator does not say what the likelihood needs."""

    def bits_per_dimension(self, nats: Tensor) -> Tensor:
        """Bits per value of an 8-bit image whose log-density is `nats`, taken as constant within each value's
        cell.
        """
        return -(nats / math.prod(self.image) + math.log(self.volume)) / math.log(2)


@part("bernoulli")
class Bernoulli(Likelihood):
    """Every value is a coin: log p(x | z) = Σ x log y + (1 - x) log(1 - y), x in [0, 1].

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.1, eq. 11. Images in [-1, 1] are mapped to [0,
    1]. For values that are not 0 or 1 this is the usual cross-entropy and no normalized density (Loaiza-Ganem
    & Cunningham 2019, arXiv:1907.06845): compare it only with itself.

    Raises:
        FitError: the generator says no logits.
    """

    volume: ClassVar[float] = 1.0

    def check(self, generator: Generator) -> None:
        """Raises FitError when the generator says no logits."""
        if not isinstance(generator, Decoder):
            raise FitError(
                f"{self.qualified_name} needs a decoder that says logits (gancore_vae.Decoder); "
                f"{generator.qualified_name} makes images only: "
                f"take likelihood/gaussian or likelihood/learned-gaussian with it"
            )

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        logits = cast(Decoder, generator).logits(code)
        loss = functional.binary_cross_entropy_with_logits(logits, (image + 1) / 2, reduction="none")
        return -loss.flatten(1).sum(1)


@part("gaussian")
class Gaussian(Likelihood):
    """Every value is normal around the generator's image, with one fixed deviation. Takes any generator.

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2, with the variance fixed where the paper has
    the decoder say it. The density is that of values in [-1, 1].
    """

    deviation: float = field(
        default=0.1, validator=above(0), help="deviation of a value, in images of [-1, 1]"
    )

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        return _gaussian(
            at_least_float32(generator(code)),
            image,
            torch.full((), math.log(self.deviation), device=image.device),
        )


@part("learned-gaussian")
class LearnedGaussian(Likelihood):
    """Every value is normal around the generator's image; one deviation for all, learned with the decoder.
    Takes any generator.

    Paper: Kingma & Welling 2013, arXiv:1312.6114, appendix C.2, with a variance that all values share where
    the paper has the decoder say one for each (as Rybkin et al. 2021, arXiv:2006.13202, section 4.1, who show
    that it balances the two terms by itself).
    """

    deviation: float = field(
        default=0.5, validator=above(0), help="initial deviation of a value, in images of [-1, 1]"
    )

    def build(self) -> None:
        """One parameter."""
        self.log_deviation = nn.Parameter(torch.tensor(math.log(self.deviation)))

    def forward(self, generator: Generator, code: Tensor, image: Tensor) -> Tensor:
        """Codes `(N, *code_shape)`, images `(N, C, H, W)` → `(N,)`."""
        return _gaussian(at_least_float32(generator(code)), image, self.log_deviation)


def _gaussian(mean: Tensor, image: Tensor, log_deviation: Tensor) -> Tensor:
    squares = ((image - mean) * torch.exp(-log_deviation)).square().flatten(1)
    return -(squares.sum(1) / 2 + squares.shape[1] * (log_deviation + math.log(2 * math.pi) / 2))
