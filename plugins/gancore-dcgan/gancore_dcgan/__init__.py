"""DCGAN: Radford et al. 2015, arXiv:1511.06434."""

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore_dcgan.discriminator import DCGANDiscriminator, PlainDCGANDiscriminator
from gancore_dcgan.generator import DCGANGenerator, PlainDCGANGenerator
from gancore_dcgan.presets import PRESETS
from gancore_dcgan.recipe import DCGAN
from gancore_dcgan.virtual_batch_norm import VirtualBatchNormGenerator

__all__ = [
    "DCGAN",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "PlainDCGANDiscriminator",
    "PlainDCGANGenerator",
    "VirtualBatchNormGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, and its networks with and without batch normalization."""
    networks: list[type[Part]] = [
        DCGANGenerator,
        DCGANDiscriminator,
        PlainDCGANGenerator,
        PlainDCGANDiscriminator,
    ]
    return [DCGAN, *networks, VirtualBatchNormGenerator]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Settings for short trainings."""
    return PRESETS
