"""The decoder of VQ-VAE-2."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Generator, Shape
from gancore.component.part import field, part
from gancore.component.precision import at_least_float32
from gancore.component.validators import whole
from gancore.nn.hierarchy import Hierarchy
from gancore_vqgan.fitting import check_map
from gancore_vqgan.hierarchical.sizes import COARSE, blocks_field, levels_of, residual_field, width_field
from gancore_vqgan.vqvae_networks import ResidualUnit

__all__ = ["TwoLevelDecoder"]


@part("vq-vae-2")
class TwoLevelDecoder(Generator):
    """Both code maps at the size of the fine one, residual blocks, and two transposed convolutions.

    Paper: Razavi et al. 2019 (VQ-VAE-2), arXiv:1906.00446, section 3.1; sizes as encoder/vq-vae-2. A
    transposed convolution doubles the coarse map first.

    `(N, D)`, both maps one behind the other, coarse to fine → `(N, C, H, W)` float32, unbounded.

    Raises:
        FitError: a side is no multiple of 8.
    """

    examples = ({"width": 4, "residual": 2, "blocks": 1, "vector": 3},)
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    width: int = width_field()
    residual: int = residual_field()
    blocks: int = blocks_field()
    vector: int = field(default=64, validator=whole(1), help="length of a vector of both code maps")

    @property
    def code_shape(self) -> Shape:
        """`(D,)`, both maps together."""
        if self.image is None:
            self.require()
        return Hierarchy(levels_of(self.image, self.vector)).shape

    def last_layer(self) -> Tensor:
        """The last transposed convolution."""
        return self.to_image.weight

    def build(self) -> None:
        """Makes the layers."""
        check_map(self, self.image, COARSE)
        width, vector, half = self.width, self.vector, self.width // 2
        self.levels = Hierarchy(levels_of(self.image, vector))
        self.up = nn.ConvTranspose2d(vector, vector, 4, stride=2, padding=1)
        self.layers = nn.Sequential(
            nn.Conv2d(2 * vector, width, 3, padding=1),
            *(ResidualUnit(width, self.residual) for _ in range(self.blocks)),
            nn.ReLU(),
            *(nn.ConvTranspose2d(width, half, 4, stride=2, padding=1), nn.ReLU()),
        )
        self.to_image = nn.ConvTranspose2d(half, self.image[0], 4, stride=2, padding=1)

    def forward(self, code: Tensor) -> Tensor:
        """`(N, D)` → `(N, C, H, W)`."""
        coarse, fine = self.levels.split(code)
        up = self.up(coarse)  # (N, vector, H/4, W/4)
        x = self.layers(torch.cat([up, fine.to(up.dtype)], 1))  # (N, width / 2, H/2, W/2)
        return at_least_float32(self.to_image(x))
