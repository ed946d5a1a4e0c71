"""ProGAN: Karras et al. 2017, arXiv:1710.10196."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_progan.discriminator import FixedProGANDiscriminator, ProGANDiscriminator
from gancore_progan.generator import FixedProGANGenerator, ProGANGenerator
from gancore_progan.importer import Zoo
from gancore_progan.recipe import RELEASED, FixedProGAN, ProGAN

__all__ = [
    "RELEASED",
    "FixedProGAN",
    "FixedProGANDiscriminator",
    "FixedProGANGenerator",
    "ProGAN",
    "ProGANDiscriminator",
    "ProGANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes and their networks, growing and of a fixed size."""
    return [
        ProGAN,
        ProGANGenerator,
        ProGANDiscriminator,
        FixedProGAN,
        FixedProGANGenerator,
        FixedProGANDiscriminator,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """The released settings for eight GPUs."""
    return (RELEASED,)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads networks of pytorch_GAN_zoo."""
    return [Zoo()]
