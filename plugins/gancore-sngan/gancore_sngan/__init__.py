"""SNGAN: Miyato et al. 2018, arXiv:1802.05957, and Miyato & Koyama 2018, arXiv:1802.05637."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_sngan.discriminator import ProjectionSNGANDiscriminator, SNGANDiscriminator
from gancore_sngan.generator import LabeledSNGANGenerator, SNGANGenerator
from gancore_sngan.importer import Mimicry
from gancore_sngan.recipe import PROJECTION, SNGAN

__all__ = [
    "PROJECTION",
    "SNGAN",
    "LabeledSNGANGenerator",
    "ProjectionSNGANDiscriminator",
    "SNGANDiscriminator",
    "SNGANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, and its networks without and with labels."""
    return [
        SNGAN,
        SNGANGenerator,
        LabeledSNGANGenerator,
        SNGANDiscriminator,
        ProjectionSNGANDiscriminator,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """SNGAN with labels."""
    return (PROJECTION,)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads networks of torch-mimicry."""
    return [Mimicry()]
