"""Independent component analysis: FastICA (Hyvärinen 1999) with streaming whitening."""

from collections.abc import Sequence

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore_ica.contrasts import Contrast, Cube, Exp, LogCosh
from gancore_ica.encoder import ICAEncoder
from gancore_ica.fixed_point import Deflation, FixedPoint, Parallel
from gancore_ica.generator import ICAGenerator
from gancore_ica.recipe import ICA
from gancore_ica.sources import Laplace, Marginals, SourceSampler

__all__ = [
    "ICA",
    "Contrast",
    "Cube",
    "Deflation",
    "Exp",
    "FixedPoint",
    "ICAEncoder",
    "ICAGenerator",
    "Laplace",
    "LogCosh",
    "Marginals",
    "Parallel",
    "SourceSampler",
    "gancore_api",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> Sequence[type[Part]]:
    """The recipe, its linear maps, contrasts, iterations and sources."""
    return [
        *(ICA, ICAGenerator, ICAEncoder),
        *(LogCosh, Exp, Cube),
        *(Parallel, Deflation),
        *(Laplace, Marginals),
    ]
