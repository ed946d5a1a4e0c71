"""Quantizers, one idea a file, and the parts that read and draw their indices."""

from gancore.standard.quantizers.codebook import Codebook, UniformIndices
from gancore.standard.quantizers.vector import VectorQuantizer

__all__ = ["Codebook", "UniformIndices", "VectorQuantizer"]
