"""Encoders and decoders in two pieces, of which both domains have one in common, and translators of them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Generator, ImageShape, Shape
from gancore.component.part import Seat, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.nn.diagonal_gaussian import DiagonalGaussian
from gancore.nn.initializers import normal_weights
from gancore.nn.instance_norm import InstanceNorm
from gancore.standard.translators import Translator
from gancore.standard.translators.resnet import Residual

__all__ = ["CodeDecoder", "CodeEncoder", "ThroughCode"]


@part("unit")
class CodeEncoder(Encoder):
    """Convolutions and residual blocks of an image's own domain (`own`), then blocks that both domains have
    in common (`trunk`), which give the mean of a posterior of variance 1.

    Paper: Liu et al. 2017 (UNIT), arXiv:1703.00848: c7s1-64, d128, d256 and residual blocks, the last of them
    shared, q(z | x) = N(E(x), I). As in the first published code, the first convolution has a leaky ReLU of
    0.01 and no normalization, the others instance normalization and a ReLU, weights are N(0, 0.02).

    `(N, C, H, W)` in [-1, 1] → a posterior over codes `(N, 4 × width, H/4, W/4)`.

    Raises:
        FitError: sides are not multiples of 4, or are below 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "blocks": 1},)

    width: int = field(default=64, validator=whole(1), help="channels after the first convolution")
    blocks: int = field(default=3, validator=whole(1), help="residual blocks that are not shared")
    shared_blocks: int = field(default=1, validator=whole(1), help="residual blocks that are shared")

    @property
    def code_shape(self) -> Shape:
        """The shape of one code."""
        return _code_shape(self.width, self.image)

    def build(self) -> None:
        """Makes the layers."""
        _check_size(self)
        width = self.width
        self.own = nn.Sequential(
            nn.Conv2d(self.image[0], width, 7, padding=3),
            nn.LeakyReLU(inplace=True),
            *_activated(nn.Conv2d(width, width * 2, 3, stride=2, padding=1)),
            *_activated(nn.Conv2d(width * 2, width * 4, 3, stride=2, padding=1)),
            *(_residual(width * 4) for _ in range(self.blocks)),
        )
        self.trunk = nn.Sequential(*(_residual(width * 4) for _ in range(self.shared_blocks)))
        normal_weights(self)

    def forward(self, image: Tensor, label: Tensor | None = None) -> DiagonalGaussian:
        """`(N, C, H, W)` → N(E(x), I) over codes `(N, 4 × width, H/4, W/4)`; labels are ignored."""
        mean = at_least_float32(self.trunk(self.own(image)))  # E(x)
        return DiagonalGaussian(mean, torch.zeros_like(mean))


@part("unit")
class CodeDecoder(Generator):
    """Residual blocks that both domains have in common (`trunk`), then blocks and transposed convolutions of
    the image's own domain (`own`).

    Paper: Liu et al. 2017 (UNIT), arXiv:1703.00848: residual blocks, of which the first is shared, u128, u64
    and a 1×1 convolution with tanh; instance normalization and ReLU as in the encoder.

    `(N, 4 × width, H/4, W/4)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FitError: sides are not multiples of 4, or are below 8.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"width": 4, "blocks": 1},)

    width: int = field(default=64, validator=whole(1), help="channels before the last convolution")
    blocks: int = field(default=3, validator=whole(1), help="residual blocks that are not shared")
    shared_blocks: int = field(default=1, validator=whole(1), help="residual blocks that are shared")

    @property
    def code_shape(self) -> Shape:
        """The shape of one code."""
        return _code_shape(self.width, self.image)

    def last_layer(self) -> Tensor:
        """The 1×1 convolution."""
        return self.own[-2].get_parameter("weight")

    def build(self) -> None:
        """Makes the layers."""
        _check_size(self)
        width = self.width
        self.trunk = nn.Sequential(*(_residual(width * 4) for _ in range(self.shared_blocks)))
        self.own = nn.Sequential(
            *(_residual(width * 4) for _ in range(self.blocks)),
            *_activated(nn.ConvTranspose2d(width * 4, width * 2, 3, stride=2, padding=1, output_padding=1)),
            *_activated(nn.ConvTranspose2d(width * 2, width, 3, stride=2, padding=1, output_padding=1)),
            nn.Conv2d(width, self.image[0], 1),
            nn.Tanh(),
        )
        normal_weights(self)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, 4 × width, H/4, W/4)` → `(N, C, H, W)`."""
        return at_least_float32(self.own(self.trunk(code)))


@part("through-code", tags=("translator",))
class ThroughCode(Translator):
    """Translates by an encoder of one domain and a decoder of the other, whose codes mean the same.

    Paper: Liu et al. 2017 (UNIT), arXiv:1703.00848: G₂(E₁(x)). The code is the posterior's mean.

    `(N, *source)` in [-1, 1] → `(N, C, H, W)` float32.

    Raises:
        FactError: the source's shape is not known.
        FitError: the encoder gives other codes than the decoder reads.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "encoder": {"part": "unit", "width": 4, "blocks": 1},
            "decoder": {"part": "unit", "width": 4, "blocks": 1},
        },
    )
    size_multiple: ClassVar[int] = 4

    encoder: Seat[CodeEncoder] = seat(default=CodeEncoder, help="reads source images")
    decoder: Seat[CodeDecoder] = seat(default=CodeDecoder, help="makes images of codes")

    def facts(self, seat: str) -> dict[str, Any]:
        """The encoder reads the source, the decoder makes the image."""
        return {"image": self.source if seat == "encoder" else self.image}

    def build(self) -> None:
        """Checks that both have one code."""
        given, read = self.encoder.code_shape, self.decoder.code_shape
        if given != read:
            raise FitError(
                f"{self.qualified_name}: {self.encoder.qualified_name} gives codes {given} of images "
                f"{tuple(self.source)}, but {self.decoder.qualified_name} reads codes {read} for images "
                f"{tuple(self.image)}; give both the same width, and open both domains at one size"
            )

    def forward(self, code: Tensor) -> Tensor:
        """`(N, *source)` → `(N, C, H, W)`."""
        image: Tensor = self.decoder(self.encoder.code(code))  # G₂(E₁(x))
        return image


def _code_shape(width: int, image: ImageShape) -> Shape:
    return (width * 4, image[1] // 4, image[2] // 4)


def _activated(convolution: nn.Module) -> Sequence[nn.Module]:
    return [convolution, InstanceNorm(), nn.ReLU(inplace=True)]


def _residual(width: int) -> nn.Module:
    first, second = (nn.Conv2d(width, width, 3, padding=1, padding_mode="reflect") for _ in range(2))
    return Residual(*_activated(first), second, InstanceNorm())


def _check_size(network: CodeEncoder | CodeDecoder) -> None:
    _, height, width = network.image
    if any(side % 4 or side < 8 for side in (height, width)):
        raise FitError(
            f"{network.qualified_name} has codes of a quarter of the size, but got images of "
            f"{height}×{width}; use sides that are multiples of 4 and at least 8"
        )
