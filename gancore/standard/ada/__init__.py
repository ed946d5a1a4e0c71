"""Adaptive discriminator augmentation: Karras et al. 2020, arXiv:2006.06676. One file per group of
transforms; the parts are in `adaptive`, and those of adaptive pseudo augmentation in `pseudo`.
"""

from gancore.standard.ada.adaptive import ADA, ADAFixed
from gancore.standard.ada.pseudo import APA, APAFixed

__all__ = ["ADA", "APA", "ADAFixed", "APAFixed"]
