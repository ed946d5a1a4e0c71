"""A PatchGAN without normalization."""

from torch import nn

from gancore.component.part import part
from gancore.nn.initializers import he_weights
from gancore.standard.patchgan import PatchGAN

__all__ = ["PlainPatchGAN"]


@part("patchgan-plain", tags=("piecewise-linear",))
class PlainPatchGAN(PatchGAN):
    """A PatchGAN without normalization.

    The discriminators of the later published code of Liu et al. 2017 (UNIT), arXiv:1703.00848, have none, so
    that contrast and the amount of a color count. Difference: weights are those of He et al. 2015,
    arXiv:1502.01852, which keep the size of features from layer to layer where nothing normalizes them.
    """

    def build(self) -> None:
        """Makes the layers, with other initial weights."""
        super().build()
        he_weights(self, slope=0.2)

    def c_layer(self, narrow: int, wide: int, stride: int) -> list[nn.Module]:
        """A convolution and an activation."""
        return [nn.Conv2d(narrow, wide, 4, stride=stride, padding=1), nn.LeakyReLU(0.2, inplace=True)]
