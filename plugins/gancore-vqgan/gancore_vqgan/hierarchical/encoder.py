"""The encoder of VQ-VAE-2."""

from typing import Any, ClassVar, cast

import torch
from torch import Tensor, nn

from gancore.component.part import Seat, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized, Quantizer
from gancore.errors import FitError
from gancore_vqgan.fitting import check_map
from gancore_vqgan.hierarchical.quantizer import LevelQuantizer
from gancore_vqgan.hierarchical.sizes import COARSE, blocks_field, levels_of, residual_field, width_field
from gancore_vqgan.quantized import IndexEncoder
from gancore_vqgan.vqvae_networks import ResidualUnit

__all__ = ["TwoLevelEncoder"]


@part("vq-vae-2")
class TwoLevelEncoder(IndexEncoder):
    """Code maps of an eighth and of a quarter of the image's size; the fine one is made of the image and of
    the quantized coarse one.

    Paper: Razavi et al. 2019 (VQ-VAE-2), arXiv:1906.00446, section 3.1 and algorithm 1: h_top, which is
    quantized to e_top, and h_bottom = E(x, e_top), quantized to e_bottom; 128 channels, 64 inside of residual
    blocks, 512 vectors of length 64. Convolutions of stride 2 are 4×4, as in VQ-VAE. Both maps lie one
    behind the other, coarse to fine, in one code (`quantizer/levels`).

    Images `(N, C, H, W)` → `(N, D)` before quantization; `code` gives indices `(N, L)` int64.

    Raises:
        FitError: a side is no multiple of 8, the codes are not two maps, or the quantizer has no levels.
    """

    examples = (
        {
            "width": 4,
            "residual": 2,
            "blocks": 1,
            "image": (3, 16, 16),
            "code_shape": (60,),
            "quantizer": {"part": "levels", "quantizers": [{"part": "moving-average", "size": 5}] * 2},
        },
    )
    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    quantizer: Seat[Quantizer] = seat(default=LevelQuantizer, help="quantizes both maps")
    width: int = width_field()
    residual: int = residual_field()
    blocks: int = blocks_field()

    @property
    def vector(self) -> int:
        """The length of a vector of both maps."""
        return int(self.code_shape[0]) // sum(h * w for _, h, w in levels_of(self.image, 1))

    def facts(self, seat: str) -> dict[str, Any]:
        """The code, and the shapes of the maps in it."""
        check_map(self, self.image, COARSE)
        if len(self.code_shape) != 1 or not self.vector:
            raise FitError(
                f"{self.qualified_name} makes codes (D,) of two maps, but the generator reads "
                f"{tuple(self.code_shape)}; take generator/vq-vae-2"
            )
        return {"code": tuple(self.code_shape), "levels": levels_of(self.image, self.vector)}

    def build(self) -> None:
        """Makes the layers, from the image to the coarse map and back."""
        if not isinstance(self.quantizer, LevelQuantizer):
            raise FitError(
                f"{self.qualified_name} makes two code maps, but {self.quantizer.qualified_name} quantizes "
                "one; put quantizers into quantizer/levels"
            )
        width, vector, half = self.width, self.vector, self.width // 2
        self.bottom = nn.Sequential(
            *(nn.Conv2d(self.image[0], half, 4, stride=2, padding=1), nn.ReLU()),
            *(nn.Conv2d(half, width, 4, stride=2, padding=1), nn.ReLU()),
            *self._residual(),
        )
        self.top = nn.Sequential(
            *(nn.Conv2d(width, half, 4, stride=2, padding=1), nn.ReLU()),
            *self._residual(half),
            nn.Conv2d(width, vector, 1),
        )
        self.down = nn.Sequential(
            *self._residual(vector), nn.ConvTranspose2d(width, vector, 4, stride=2, padding=1)
        )
        self.fine = nn.Conv2d(width + vector, vector, 1)

    def _residual(self, inputs: int = 0) -> list[nn.Module]:
        """A 3×3 convolution, residual blocks, and ReLU."""
        units = (ResidualUnit(self.width, self.residual) for _ in range(self.blocks))
        return [nn.Conv2d(inputs or self.width, self.width, 3, padding=1), *units, nn.ReLU()]

    def maps(self, image: Tensor) -> tuple[Tensor, Tensor, Quantized]:
        """Both maps before quantization, and what the coarse one is quantized to."""
        features = self.bottom(image)  # (N, width, H/4, W/4)
        top = at_least_float32(self.top(features))  # h_top, (N, D, H/8, W/8)
        coarse: Quantized = self.levels.quantizers[0](top)  # e_top
        bottom = self.fine(torch.cat([features, self.down(coarse.code).to(features.dtype)], 1))
        return top, at_least_float32(bottom), coarse  # h_bottom, (N, D, H/4, W/4)

    @property
    def levels(self) -> LevelQuantizer:
        """The quantizer of both."""
        return cast(LevelQuantizer, self.quantizer)

    def forward(self, image: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, C, H, W)` → `(N, D)` before quantization."""
        top, bottom, _ = self.maps(image)
        return self.levels.maps.join([top, bottom])

    def quantized(self, image: Tensor) -> Quantized:
        """Algorithm 1: the coarse map is quantized first, and the fine one made with it."""
        _, bottom, coarse = self.maps(image)
        return self.levels.joined([coarse, self.levels.quantizers[1](bottom)])
