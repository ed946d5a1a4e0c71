"""CycleGAN: Zhu et al. 2017, arXiv:1703.10593; CUT: Park et al. 2020, arXiv:2007.15651;
UNIT: Liu et al. 2017, arXiv:1703.00848.
"""

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.component.presets import Preset
from gancore.published import Importer
from gancore.standard.translators import ResNet
from gancore_cyclegan.contrast import Contrast, PatchNCE
from gancore_cyclegan.coupled import CodeDecoder, CodeEncoder, ThroughCode
from gancore_cyclegan.cut import CUT
from gancore_cyclegan.discriminator import PlainPatchGAN
from gancore_cyclegan.global_skip import GlobalSkip
from gancore_cyclegan.importer import Published
from gancore_cyclegan.pool import ImagePool
from gancore_cyclegan.presets import PRESETS
from gancore_cyclegan.recipe import CycleGAN
from gancore_cyclegan.unit import UNIT

__all__ = [
    "CUT",
    "UNIT",
    "CodeDecoder",
    "CodeEncoder",
    "Contrast",
    "CycleGAN",
    "GlobalSkip",
    "ImagePool",
    "PatchNCE",
    "PlainPatchGAN",
    "ResNet",
    "ThroughCode",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes and their parts; ResNet and PatchGAN are standard parts of gancore."""
    return [
        CycleGAN,
        CUT,
        UNIT,
        PatchNCE,
        GlobalSkip,
        PlainPatchGAN,
        CodeEncoder,
        CodeDecoder,
        ThroughCode,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Settings by name."""
    return PRESETS


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads published translators."""
    return [Published()]
