"""The discriminator of VQGAN."""

from typing import ClassVar

import torch
from torch import nn

from gancore.component.part import part
from gancore.standard.patchgan import PatchGAN

__all__ = ["VQGANDiscriminator"]


@part("vqgan", tags=["batch"])
class VQGANDiscriminator(PatchGAN):
    """The PatchGAN of the core with batch normalization in place of instance normalization.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.1, after Isola et al. 2017,
    arXiv:1611.07004. As in the released code convolutions before a normalization have no bias; statistics
    are those of the rows that each process has.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many layers.
    """

    memory_format: ClassVar[torch.memory_format] = torch.channels_last

    def c_layer(self, narrow: int, wide: int, stride: int) -> list[nn.Module]:
        """A convolution, batch normalization and activation."""
        return [
            nn.Conv2d(narrow, wide, 4, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2, inplace=True),
        ]
