"""The encoder and the decoder of VQ-VAE."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Generator, ImageShape, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore_vqgan.fitting import check_map

__all__ = ["VQVAEDecoder", "VQVAEEncoder"]

FACTOR = 4
"""What both sides are divided by, in two halvings."""


def width_field() -> Any:
    """The same in both networks."""
    return field(default=256, validator=whole(2), help="channels of all layers")


def blocks_field() -> Any:
    """The same in both networks."""
    return field(default=2, validator=whole(1), help="residual blocks at the size of the code map")


@part("vq-vae")
class VQVAEEncoder(Encoder):
    """Two convolutions (4×4, stride 2), residual blocks, and a 1×1 convolution to the vectors of the codes.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, section 4.1: all layers have 256 hidden units;
    a residual block is ReLU, a 3×3 convolution, ReLU, a 1×1 convolution. The last 1×1 convolution, to the
    length of the vectors, is that of the released code. Initial weights are PyTorch's.

    `(N, C, H, W)` → code maps `(N, D, H/4, W/4)` float32.

    Raises:
        FitError: a side is not a multiple of 4, or the codes have another size.
    """

    examples = ({"width": 4, "blocks": 1, "image": (3, 12, 16), "code_shape": (5, 3, 4)},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    code_shape: Shape = fact(default=None, help="shape (D, h, w) of one code map, given by the generator")
    width: int = width_field()
    blocks: int = blocks_field()

    def build(self) -> None:
        """Makes the layers in the paper's order."""
        check_map(self, self.image, FACTOR, tuple(self.code_shape))
        self.layers = nn.Sequential(
            *(nn.Conv2d(self.image[0], self.width, 4, stride=2, padding=1), nn.ReLU()),
            nn.Conv2d(self.width, self.width, 4, stride=2, padding=1),
            *(ResidualUnit(self.width) for _ in range(self.blocks)),
            *(nn.ReLU(), nn.Conv2d(self.width, self.code_shape[0], 1)),
        )

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, D, H/4, W/4)`."""
        return at_least_float32(self.layers(image))


@part("vq-vae")
class VQVAEDecoder(Generator):
    """The encoder's mirror image: residual blocks, then two transposed convolutions (4×4, stride 2).

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, section 4.1. As in the released code a 3×3
    convolution reads the vectors, whose default length 64 is that code's.

    `(N, vector, H/4, W/4)` → `(N, C, H, W)` float32, unbounded.

    Raises:
        FitError: a side is not a multiple of 4.
    """

    examples = ({"width": 4, "blocks": 1, "vector": 3},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = width_field()
    blocks: int = blocks_field()
    vector: int = field(default=64, validator=whole(1), help="length D of a vector of the code map")

    @property
    def code_shape(self) -> Shape:
        """`(vector, H/4, W/4)`."""
        return self.vector, *map_of(self.image)

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.to_image.weight

    def build(self) -> None:
        """Makes the layers."""
        check_map(self, self.image, FACTOR)
        self.layers = nn.Sequential(
            nn.Conv2d(self.vector, self.width, 3, padding=1),
            *(ResidualUnit(self.width) for _ in range(self.blocks)),
            nn.ReLU(),
            *(nn.ConvTranspose2d(self.width, self.width, 4, stride=2, padding=1), nn.ReLU()),
        )
        self.to_image = nn.ConvTranspose2d(self.width, self.image[0], 4, stride=2, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, vector, H/4, W/4)` → `(N, C, H, W)`."""
        return at_least_float32(self.to_image(self.layers(code)))


def map_of(image: ImageShape) -> tuple[int, int]:
    """Height and width of the code map."""
    return image[1] // FACTOR, image[2] // FACTOR


class ResidualUnit(nn.Module):
    """ReLU, a 3×3 convolution, ReLU, and a 1×1 convolution, added to what comes in (section 4.1). `hidden`
    are the channels between the two, by default `width`.
    """

    def __init__(self, width: int, hidden: int = 0) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.ReLU(), nn.Conv2d(width, hidden or width, 3, padding=1)),
            *(nn.ReLU(), nn.Conv2d(hidden or width, width, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        changed: Tensor = self.layers(x)
        return x + changed
