"""Probabilistic principal component analysis (Tipping & Bishop 1999)."""

from collections.abc import Sequence

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.nn.moments import Moments
from gancore_pca.encoder import PCAEncoder
from gancore_pca.generator import PCAGenerator
from gancore_pca.recipe import PCA

__all__ = ["PCA", "Moments", "PCAEncoder", "PCAGenerator", "gancore_api"]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipe and its two linear maps."""
    return [PCA, PCAGenerator, PCAEncoder]
