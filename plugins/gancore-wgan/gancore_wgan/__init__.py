"""WGAN: Arjovsky et al. 2017, arXiv:1701.07875, and WGAN-GP: Gulrajani et al. 2017, arXiv:1704.00028."""

from gancore import Part, hookimpl
from gancore.published import Importer
from gancore_wgan.importer import Mimicry
from gancore_wgan.networks import (
    StridedWGANGPCritic,
    WGANCritic,
    WGANGenerator,
    WGANGPCritic,
    WGANGPGenerator,
)
from gancore_wgan.recipe import WGAN, WGANGP

__all__ = [
    "WGAN",
    "WGANGP",
    "StridedWGANGPCritic",
    "WGANCritic",
    "WGANGPCritic",
    "WGANGPGenerator",
    "WGANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The two recipes and their networks."""
    return [WGAN, WGANGenerator, WGANCritic, WGANGP, WGANGPGenerator, WGANGPCritic, StridedWGANGPCritic]


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads networks of torch-mimicry."""
    return [Mimicry()]
