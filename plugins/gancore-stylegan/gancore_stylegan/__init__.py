"""StyleGAN: Karras et al. 2018, arXiv:1812.04948."""

from gancore import Part, hookimpl
from gancore_stylegan.discriminator import LabelledStyleGANDiscriminator, StyleGANDiscriminator
from gancore_stylegan.mapping import LabelledStyleGANMapping, StyleGANMapping
from gancore_stylegan.recipe import StyleGAN
from gancore_stylegan.synthesis import StyleGANSynthesis

__all__ = [
    "LabelledStyleGANDiscriminator",
    "LabelledStyleGANMapping",
    "StyleGAN",
    "StyleGANDiscriminator",
    "StyleGANMapping",
    "StyleGANSynthesis",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe, its three networks, and two of them with labels."""
    return [
        StyleGAN,
        StyleGANMapping,
        StyleGANSynthesis,
        StyleGANDiscriminator,
        LabelledStyleGANMapping,
        LabelledStyleGANDiscriminator,
    ]
