"""What reads networks of WGAN-GP by torch-mimicry."""

from typing import ClassVar

from gancore.published.mimicry_importer import MimicryImporter
from gancore_wgan.networks import WGANGPCritic, WGANGPGenerator

__all__ = ["Mimicry"]


class Mimicry(MimicryImporter):
    """WGAN-GP of torch-mimicry. Its generator without settings is read as that of SNGAN, the same network."""

    title: ClassVar[str] = "torch-mimicry's WGAN-GP"
    family = ("wgan_gp",)
    generators = (WGANGPGenerator, None)
    discriminators = (WGANGPCritic, None)
    needs_settings = True
    part = "wgan-gp"
