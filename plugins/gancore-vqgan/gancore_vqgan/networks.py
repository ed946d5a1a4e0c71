"""The encoder and the decoder of VQGAN."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Encoder, Generator, Shape
from gancore.component.part import fact, field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore_vqgan.fitting import check_map
from gancore_vqgan.layers import Down, Up, ending, norm
from gancore_vqgan.sizes import (
    attention_field,
    blocks_field,
    channels_field,
    groups_field,
    multipliers_field,
    plan,
    width_field,
)

__all__ = ["VQGANDecoder", "VQGANEncoder"]

SMALL = {"width": 4, "multipliers": (1, 2), "blocks": 1, "attention": (8,), "channels": 3, "groups": 2}


@part("vqgan")
class VQGANEncoder(Encoder):
    """Residual blocks at each size, with halvings between them, attention at some, and a 1×1 convolution to
    the vectors of the codes.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, appendix; sizes, normalization in 32 groups, swish and
    halvings that pad one side only are those of the released code, whose f = 16 networks for ImageNet are the
    defaults. That code names maps with attention by their side, as `attention` does; between the last two
    residual blocks there always is attention. Initial weights are PyTorch's. Difference: there is no dropout,
    which released settings set to 0.

    `(N, C, H, W)` → code maps `(N, D, h, w)` float32.

    Raises:
        FitError: sides are not divisible by 2 for each multiplier but one, the groups do not divide the
            channels, or the codes have another size.
    """

    examples = ({**SMALL, "code_shape": (5, 8, 8), "image": (3, 16, 16)},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    code_shape: Shape = fact(default=None, help="shape (D, h, w) of one code map, given by the generator")
    width: int = width_field()
    multipliers: tuple[int, ...] = multipliers_field()
    blocks: int = blocks_field()
    attention: tuple[int, ...] = attention_field()
    channels: int = channels_field()
    groups: int = groups_field()

    def build(self) -> None:
        """Makes the layers, from the full size down."""
        made = plan(self, self.image)
        check_map(self, self.image, made.factor, tuple(self.code_shape))
        layers: list[nn.Module] = [nn.Conv2d(self.image[0], self.width, 3, padding=1)]
        for number, before in enumerate((self.width, *made.widths[:-1])):
            layers += [Down(before)] if number else []
            layers += made.level(number, before, self.blocks)
        layers += [*made.middle(), *ending(made.widths[-1], self.channels, self.groups)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(self.channels, self.code_shape[0], 1))

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, D, h, w)`."""
        return at_least_float32(self.layers(image))


@part("vqgan")
class VQGANDecoder(Generator):
    """The encoder's mirror image, with one residual block more at each size; pixels are repeated before the
    convolutions that double maps.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, appendix; as encoder/vqgan.

    `(N, vector, h, w)` → `(N, C, H, W)` float32, unbounded.

    Raises:
        FitError: sides are not divisible by 2 for each multiplier but one, or the groups do not divide the
            channels.
    """

    examples = ({**SMALL, "vector": 5},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = width_field()
    multipliers: tuple[int, ...] = multipliers_field()
    blocks: int = blocks_field()
    attention: tuple[int, ...] = attention_field()
    channels: int = channels_field()
    groups: int = groups_field()
    vector: int = field(default=256, validator=whole(1), help="length D of a vector of the code map")

    @property
    def code_shape(self) -> Shape:
        """`(vector, h, w)`."""
        if self.image is None:
            self.require()
        factor = plan(self, self.image).factor
        return self.vector, self.image[1] // factor, self.image[2] // factor

    def last_layer(self) -> Tensor:
        """The 3×3 convolution to colors."""
        return self.to_image.weight

    def build(self) -> None:
        """Makes the layers, from the smallest size up."""
        made = plan(self, self.image)
        check_map(self, self.image, made.factor)
        before = made.widths[-1]
        layers: list[nn.Module] = [
            nn.Conv2d(self.vector, self.channels, 1),
            nn.Conv2d(self.channels, before, 3, padding=1),
            *made.middle(),
        ]
        for number in reversed(range(len(made.widths))):
            layers += made.level(number, before, self.blocks + 1)
            before = made.widths[number]
            layers += [Up(before)] if number else []
        self.layers = nn.Sequential(*layers, norm(before, self.groups), nn.SiLU())
        self.to_image = nn.Conv2d(before, self.image[0], 3, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, vector, h, w)` → `(N, C, H, W)`."""
        return at_least_float32(self.to_image(self.layers(code)))
