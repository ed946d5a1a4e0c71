"""Adaptive discriminator augmentation: Karras et al. 2020, arXiv:2006.06676. One group of transforms a file,
the parts in `adaptive`.
"""

from gancore.standard.ada.adaptive import ADA, ADAFixed

__all__ = ["ADA", "ADAFixed"]
