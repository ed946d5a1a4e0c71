"""StyleGAN (arXiv:1812.04948), StyleGAN2 (arXiv:1912.04958) and StyleGAN3 (arXiv:2106.12423)."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore.standard import PathLength
from gancore_stylegan.published.importers import NVIDIA, Rosinality
from gancore_stylegan.published.nvidia_names import from_stylegan2
from gancore_stylegan.published.stylegan3_names import from_stylegan3
from gancore_stylegan.stylegan1.discriminator import LabeledStyleGANDiscriminator, StyleGANDiscriminator
from gancore_stylegan.stylegan1.growing import (
    GrowingStyleGAN,
    GrowingStyleGANDiscriminator,
    GrowingStyleGANMapping,
    GrowingStyleGANSynthesis,
    LabeledGrowingStyleGANDiscriminator,
    LabeledGrowingStyleGANMapping,
)
from gancore_stylegan.stylegan1.mapping import LabeledStyleGANMapping, StyleGANMapping
from gancore_stylegan.stylegan1.recipe import StyleGAN
from gancore_stylegan.stylegan1.synthesis import StyleGANSynthesis
from gancore_stylegan.stylegan2.discriminator import (
    LabeledPlainStyleGAN2Discriminator,
    LabeledSkipStyleGAN2Discriminator,
    LabeledStyleGAN2Discriminator,
    PlainStyleGAN2Discriminator,
    SkipStyleGAN2Discriminator,
    StyleGAN2Discriminator,
)
from gancore_stylegan.stylegan2.mapping import LabeledStyleGAN2Mapping, StyleGAN2Mapping
from gancore_stylegan.stylegan2.presets import ADA_PRESETS, AUTO, CIFAR, PAPER256, PAPER512, PAPER1024
from gancore_stylegan.stylegan2.recipe import StyleGAN2
from gancore_stylegan.stylegan2.synthesis import (
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    StyleGAN2Synthesis,
)
from gancore_stylegan.stylegan3.fading_blur import FadingBlur
from gancore_stylegan.stylegan3.recipe import RotationalStyleGAN3, StyleGAN3
from gancore_stylegan.stylegan3.synthesis import RotationalStyleGAN3Synthesis, StyleGAN3Synthesis

__all__ = [
    "ADA_PRESETS",
    "AUTO",
    "CIFAR",
    "PAPER256",
    "PAPER512",
    "PAPER1024",
    "FadingBlur",
    "GrowingStyleGAN",
    "GrowingStyleGANDiscriminator",
    "GrowingStyleGANMapping",
    "GrowingStyleGANSynthesis",
    "LabeledGrowingStyleGANDiscriminator",
    "LabeledGrowingStyleGANMapping",
    "LabeledPlainStyleGAN2Discriminator",
    "LabeledSkipStyleGAN2Discriminator",
    "LabeledStyleGAN2Discriminator",
    "LabeledStyleGAN2Mapping",
    "LabeledStyleGANDiscriminator",
    "LabeledStyleGANMapping",
    "PathLength",
    "PlainStyleGAN2Discriminator",
    "PlainStyleGAN2Synthesis",
    "ResidualStyleGAN2Synthesis",
    "RotationalStyleGAN3",
    "RotationalStyleGAN3Synthesis",
    "SkipStyleGAN2Discriminator",
    "StyleGAN",
    "StyleGAN2",
    "StyleGAN2Discriminator",
    "StyleGAN2Mapping",
    "StyleGAN2Synthesis",
    "StyleGAN3",
    "StyleGAN3Synthesis",
    "StyleGANDiscriminator",
    "StyleGANMapping",
    "StyleGANSynthesis",
    "from_stylegan2",
    "from_stylegan3",
    "gancore_api",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes, their networks, and the versions with labels."""
    return [
        StyleGAN,
        StyleGANMapping,
        StyleGANSynthesis,
        StyleGANDiscriminator,
        LabeledStyleGANMapping,
        LabeledStyleGANDiscriminator,
        StyleGAN2,
        StyleGAN2Synthesis,
        StyleGAN2Discriminator,
        StyleGAN2Mapping,
        LabeledStyleGAN2Mapping,
        LabeledStyleGAN2Discriminator,
        PlainStyleGAN2Synthesis,
        ResidualStyleGAN2Synthesis,
        PlainStyleGAN2Discriminator,
        SkipStyleGAN2Discriminator,
        LabeledPlainStyleGAN2Discriminator,
        LabeledSkipStyleGAN2Discriminator,
        StyleGAN3,
        StyleGAN3Synthesis,
        RotationalStyleGAN3Synthesis,
        GrowingStyleGAN,
        GrowingStyleGANMapping,
        GrowingStyleGANSynthesis,
        GrowingStyleGANDiscriminator,
        LabeledGrowingStyleGANMapping,
        LabeledGrowingStyleGANDiscriminator,
        RotationalStyleGAN3,
        FadingBlur,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """StyleGAN2 with ADA as it was released."""
    return ADA_PRESETS


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads NVIDIA's and rosinality's networks."""
    return [NVIDIA(), Rosinality()]
