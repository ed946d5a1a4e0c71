"""Pix2Pix: paired image-to-image translation (Isola et al. 2016, arXiv:1611.07004)."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_pix2pix.importer import Published
from gancore_pix2pix.presets import PRESETS
from gancore_pix2pix.recipe import Pix2Pix

__all__ = ["PRESETS", "Pix2Pix"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe; its networks are standard parts."""
    return [Pix2Pix]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Settings by name."""
    return PRESETS


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads published U-Nets."""
    return [Published()]
