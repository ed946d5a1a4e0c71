"""R3GAN: Huang et al. 2024, arXiv:2501.05441."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_r3gan.discriminator import LabeledR3GANDiscriminator, R3GANDiscriminator
from gancore_r3gan.generator import R3GANGenerator
from gancore_r3gan.importer import Published
from gancore_r3gan.recipe import FFHQ64, FFHQ256, IMAGENET32, IMAGENET64, LABELS, PRESETS, R3GAN, SMALL

__all__ = [
    "FFHQ64",
    "FFHQ256",
    "IMAGENET32",
    "IMAGENET64",
    "LABELS",
    "R3GAN",
    "SMALL",
    "LabeledR3GANDiscriminator",
    "R3GANDiscriminator",
    "R3GANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, and its networks."""
    return [R3GAN, R3GANGenerator, R3GANDiscriminator, LabeledR3GANDiscriminator]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """The released settings for each data set."""
    return PRESETS


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads the published networks."""
    return [Published()]
