"""What reads networks of SNGAN, and of the conditional GAN with projection, by torch-mimicry."""

from typing import ClassVar

from gancore.published.mimicry_importer import MimicryImporter
from gancore_sngan.discriminator import ProjectionSNGANDiscriminator, SNGANDiscriminator
from gancore_sngan.generator import LabeledSNGANGenerator, SNGANGenerator

__all__ = ["Mimicry"]


class Mimicry(MimicryImporter):
    """SNGAN and the conditional GAN with projection of torch-mimicry."""

    title: ClassVar[str] = "torch-mimicry's SNGAN"
    family = ("sngan", "cgan_pd")
    generators = (SNGANGenerator, LabeledSNGANGenerator)
    discriminators = (SNGANDiscriminator, ProjectionSNGANDiscriminator)
    part = "sngan"
