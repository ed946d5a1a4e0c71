"""NoGAN: the training of DeOldify (Antic 2019, https://github.com/jantic/DeOldify)."""

from gancore import Part, Preset, hookimpl
from gancore_nogan.colorfulness import Colorfulness, colorfulness
from gancore_nogan.discriminator import NoGANDiscriminator
from gancore_nogan.presets import PRESETS
from gancore_nogan.recipe import NoGAN
from gancore_nogan.recolored import Recolored

__all__ = ["Colorfulness", "NoGAN", "NoGANDiscriminator", "Recolored", "colorfulness"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, DeOldify's critic, a translator that keeps brightness, and a score of colors."""
    return [NoGAN, NoGANDiscriminator, Recolored, Colorfulness]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Settings for a processor."""
    return PRESETS
