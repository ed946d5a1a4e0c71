"""VQ-VAE-2: code maps of two sizes."""

from gancore_vqgan.hierarchical.decoder import TwoLevelDecoder
from gancore_vqgan.hierarchical.encoder import TwoLevelEncoder
from gancore_vqgan.hierarchical.quantizer import LevelQuantizer

__all__ = ["LevelQuantizer", "TwoLevelDecoder", "TwoLevelEncoder"]
