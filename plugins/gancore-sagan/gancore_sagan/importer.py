"""What reads networks of SAGAN by torch-mimicry."""

from typing import ClassVar

from gancore.published.mimicry_importer import MimicryImporter
from gancore_sagan.discriminator import LabeledSAGANDiscriminator, SAGANDiscriminator
from gancore_sagan.generator import LabeledSAGANGenerator, SAGANGenerator

__all__ = ["Mimicry"]


class Mimicry(MimicryImporter):
    """SAGAN of torch-mimicry, whose maps attend where its sizes have it."""

    title: ClassVar[str] = "torch-mimicry's SAGAN"
    family = ("sagan",)
    generators = (SAGANGenerator, LabeledSAGANGenerator)
    discriminators = (SAGANDiscriminator, LabeledSAGANDiscriminator)
    attends = True
    part = "sagan"
