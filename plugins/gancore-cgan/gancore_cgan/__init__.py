"""Conditional GANs: Mirza & Osindero 2014, arXiv:1411.1784; AC-GAN: Odena et al. 2017, arXiv:1610.09585;
InfoGAN: Chen et al. 2016, arXiv:1606.03657.
"""

from gancore import Part, hookimpl
from gancore_cgan.auxiliary import ACGANDiscriminator, ACGANGenerator
from gancore_cgan.codes import InfoGANDiscriminator, InfoGANGenerator
from gancore_cgan.maxout import MaxoutCGANDiscriminator
from gancore_cgan.mlp import MLPCGANGenerator
from gancore_cgan.recipe import ACGAN, CGAN, MLPCGAN, InfoGAN
from gancore_cgan.strided import CGANDiscriminator, CGANGenerator

__all__ = [
    "ACGAN",
    "CGAN",
    "MLPCGAN",
    "ACGANDiscriminator",
    "ACGANGenerator",
    "CGANDiscriminator",
    "CGANGenerator",
    "InfoGAN",
    "InfoGANDiscriminator",
    "InfoGANGenerator",
    "MLPCGANGenerator",
    "MaxoutCGANDiscriminator",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes and their networks."""
    return [
        *(CGAN, CGANGenerator, CGANDiscriminator),
        *(MLPCGAN, MLPCGANGenerator, MaxoutCGANDiscriminator),
        *(ACGAN, ACGANGenerator, ACGANDiscriminator),
        *(InfoGAN, InfoGANGenerator, InfoGANDiscriminator),
    ]
