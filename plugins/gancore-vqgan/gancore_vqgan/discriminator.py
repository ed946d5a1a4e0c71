"""The discriminator of VQGAN."""

from gancore.component.part import part
from gancore.standard.patchgan import BatchPatchGAN

__all__ = ["VQGANDiscriminator"]


@part("vqgan")
class VQGANDiscriminator(BatchPatchGAN):
    """The PatchGAN of the core with batch normalization, `discriminator/patchgan-batch`.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.1, after Isola et al. 2016,
    arXiv:1611.07004.

    `(N, C, H, W)` in [-1, 1] → scores `(N, 1, h, w)` float32; labels are ignored.

    Raises:
        FitError: the images are too small for so many layers.
    """
