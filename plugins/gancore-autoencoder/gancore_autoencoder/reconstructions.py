"""The kind `reconstruction`: how far a reconstruction is from its image."""

from abc import abstractmethod
from typing import cast

from torch import Tensor
from torch.nn import functional

from gancore.component.interfaces import Generator
from gancore.component.part import Part, interface, part
from gancore.errors import FitError
from gancore.nn.logit_decoder import LogitDecoder
from gancore_autoencoder.coded import Coded


@interface("reconstruction")
class Reconstruction(Part):
    """The distance of an image from its reconstruction, summed over its values: `(coded)` → `(N,)`
    float32.
    """

    @abstractmethod
    def forward(self, coded: Coded) -> Tensor:
        """`(N,)`."""

    def check(self, generator: Generator) -> None:
        """Raises FitError where the generator lacks an output that it needs."""


@part("squared-error")
class SquaredError(Reconstruction):
    """‖x - g(f(x))‖², for images in [-1, 1]: L_REC of Ghosh et al. 2019, arXiv:1903.12436. Works with any
    generator.
    """

    def forward(self, coded: Coded) -> Tensor:
        """`(N,)`."""
        return (coded.image - coded.made).square().flatten(1).sum(1)


@part("cross-entropy")
class CrossEntropy(Reconstruction):
    """-Σ x log y + (1 - x) log(1 - y), for images x and reconstructions y in [0, 1], computed from logits.

    Paper: Vincent et al. 2008, Extracting and composing robust features with denoising autoencoders, section
    2.2.

    Raises:
        FitError: the generator has no logits.
    """

    def check(self, generator: Generator) -> None:
        """Raises FitError where the generator has no logits."""
        if not isinstance(generator, LogitDecoder):
            raise FitError(
                f"{self.qualified_name} needs a decoder with logits (gancore.nn.logit_decoder.LogitDecoder), "
                f"but {generator.qualified_name} makes images only; use reconstruction/squared-error with it"
            )

    def forward(self, coded: Coded) -> Tensor:
        """`(N,)`."""
        logits = cast(LogitDecoder, coded.generator).logits(coded.code)  # (N, C, H, W)
        target = (coded.image + 1) / 2
        loss = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return loss.flatten(1).sum(1)
