"""The first GAN: Goodfellow et al. 2014, arXiv:1406.2661."""

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore_gan.maxout import Maxout
from gancore_gan.mlp import MLP
from gancore_gan.recipe import GAN

__all__ = ["GAN", "MLP", "Maxout"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe and its two networks."""
    return [GAN, MLP, Maxout]
