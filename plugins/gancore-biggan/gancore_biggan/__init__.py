"""BigGAN and BigGAN-deep: Brock et al. 2018, arXiv:1809.11096."""

from gancore import Part, Preset, hookimpl
from gancore.published import Importer
from gancore_biggan.deep_generator import DeepBigGANGenerator
from gancore_biggan.discriminator import BigGANDiscriminator, DeepBigGANDiscriminator
from gancore_biggan.generator import BigGANGenerator, TableBigGANGenerator
from gancore_biggan.importer import Released
from gancore_biggan.recipe import CIFAR, DEEP, BigGAN
from gancore_biggan.tables_importer import Pretrained
from gancore_biggan.truncations import ScaledTruncatedNormal, TabledDeepBigGANGenerator

__all__ = [
    "CIFAR",
    "DEEP",
    "BigGAN",
    "BigGANDiscriminator",
    "BigGANGenerator",
    "DeepBigGANDiscriminator",
    "DeepBigGANGenerator",
    "ScaledTruncatedNormal",
    "TableBigGANGenerator",
    "TabledDeepBigGANGenerator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, its networks, and the latents of released ones."""
    return [
        BigGAN,
        BigGANGenerator,
        TableBigGANGenerator,
        DeepBigGANGenerator,
        TabledDeepBigGANGenerator,
        BigGANDiscriminator,
        DeepBigGANDiscriminator,
        ScaledTruncatedNormal,
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """BigGAN-deep, and BigGAN for CIFAR-10."""
    return (DEEP, CIFAR)


@hookimpl
def gancore_importers() -> list[Importer]:
    """What reads networks of the authors, in both forms."""
    return [Released(), Pretrained()]
