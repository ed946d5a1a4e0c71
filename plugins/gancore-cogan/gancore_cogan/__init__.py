"""CoGAN: Liu & Tuzel 2016, arXiv:1606.07536."""

from gancore import Part, hookimpl
from gancore_cogan.networks import CoupledDiscriminator, CoupledGenerator
from gancore_cogan.recipe import CoGAN

__all__ = ["CoGAN", "CoupledDiscriminator", "CoupledGenerator"]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipe and its networks."""
    return [CoGAN, CoupledGenerator, CoupledDiscriminator]
