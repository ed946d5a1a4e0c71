"""SAGAN: Zhang et al. 2018, arXiv:1805.08318."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_sagan.discriminator import LabeledSAGANDiscriminator, SAGANDiscriminator
from gancore_sagan.generator import LabeledSAGANGenerator, SAGANGenerator
from gancore_sagan.importer import Mimicry
from gancore_sagan.recipe import LABELS, SAGAN

__all__ = [
    "LABELS",
    "SAGAN",
    "LabeledSAGANDiscriminator",
    "LabeledSAGANGenerator",
    "SAGANDiscriminator",
    "SAGANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, and its networks without and with labels."""
    return [SAGAN, SAGANGenerator, LabeledSAGANGenerator, SAGANDiscriminator, LabeledSAGANDiscriminator]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """SAGAN with labels."""
    return (LABELS,)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads networks of torch-mimicry."""
    return [Mimicry()]
