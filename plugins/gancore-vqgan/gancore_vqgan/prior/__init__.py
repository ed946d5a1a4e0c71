"""The second stage: samplers of indices, and the recipe that trains them over a frozen first stage."""

from gancore_vqgan.prior.drawn_codes import DrawnCodes
from gancore_vqgan.prior.enlarging import enlarged
from gancore_vqgan.prior.interface import AutoregressiveSampler, CodeSampler
from gancore_vqgan.prior.maskgit import LabeledMaskGIT, MaskGIT
from gancore_vqgan.prior.patterns import AttentionPattern, Dense, Fixed, Strided
from gancore_vqgan.prior.pixelcnn import LabeledPixelCNN, PixelCNN
from gancore_vqgan.prior.presets import PRESETS
from gancore_vqgan.prior.recipe import CodePrior
from gancore_vqgan.prior.transformer import LabeledTransformer, Transformer
from gancore_vqgan.prior.translation import CodeTranslation

__all__ = [
    "PRESETS",
    "AttentionPattern",
    "AutoregressiveSampler",
    "CodePrior",
    "CodeSampler",
    "CodeTranslation",
    "Dense",
    "DrawnCodes",
    "Fixed",
    "LabeledMaskGIT",
    "LabeledPixelCNN",
    "LabeledTransformer",
    "MaskGIT",
    "PixelCNN",
    "Strided",
    "Transformer",
    "enlarged",
]
