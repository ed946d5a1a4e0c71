"""Adaptive discriminator augmentation: Karras et al. 2020, arXiv:2006.06676. One file per group of
transforms; the parts are in `adaptive`.
"""

from gancore.standard.ada.adaptive import ADA, ADAFixed

__all__ = ["ADA", "ADAFixed"]
