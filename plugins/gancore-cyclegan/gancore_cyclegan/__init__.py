"""CycleGAN: unpaired image-to-image translation (Zhu et al. 2017, arXiv:1703.10593)."""

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.standard.translators import ResNet
from gancore_cyclegan.pool import ImagePool
from gancore_cyclegan.recipe import CycleGAN

__all__ = ["CycleGAN", "ImagePool", "ResNet"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe; its translator and the PatchGAN discriminator are standard parts."""
    return [CycleGAN]
