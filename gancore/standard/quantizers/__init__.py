"""Quantizers, one idea a file, and the parts that read and draw their indices."""

from gancore.standard.quantizers.codebook import Codebook, UniformIndices
from gancore.standard.quantizers.cosine import CosineQuantizer
from gancore.standard.quantizers.entropy import EntropyPenalty
from gancore.standard.quantizers.finite_scalar import FiniteScalarQuantizer
from gancore.standard.quantizers.grouped import GroupedQuantizer
from gancore.standard.quantizers.gumbel import GumbelQuantizer
from gancore.standard.quantizers.k_means import KMeansStart
from gancore.standard.quantizers.lookup_free import LookupFreeQuantizer
from gancore.standard.quantizers.moving_average import MovingAverageQuantizer
from gancore.standard.quantizers.projected import ProjectedQuantizer
from gancore.standard.quantizers.residual import ResidualQuantizer
from gancore.standard.quantizers.revival import Revival
from gancore.standard.quantizers.rotation import RotationTrick
from gancore.standard.quantizers.simvq import SimVQ
from gancore.standard.quantizers.vector import VectorQuantizer

__all__ = [
    "Codebook",
    "CosineQuantizer",
    "EntropyPenalty",
    "FiniteScalarQuantizer",
    "GroupedQuantizer",
    "GumbelQuantizer",
    "KMeansStart",
    "LookupFreeQuantizer",
    "MovingAverageQuantizer",
    "ProjectedQuantizer",
    "ResidualQuantizer",
    "Revival",
    "RotationTrick",
    "SimVQ",
    "UniformIndices",
    "VectorQuantizer",
]
