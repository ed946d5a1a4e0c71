"""Degradations: how sources of low quality are made of targets (Wang et al. 2021, arXiv:2107.10833)."""

from gancore.component.part import Part
from gancore_esrgan.degradation.blur import RandomBlur
from gancore_esrgan.degradation.classical import ClassicalDegradation
from gancore_esrgan.degradation.gaussian_noise import GaussianNoise
from gancore_esrgan.degradation.interfaces import CanvasAugment, Degradation
from gancore_esrgan.degradation.jpeg import JPEG
from gancore_esrgan.degradation.poisson_noise import PoissonNoise
from gancore_esrgan.degradation.presets import PRESETS
from gancore_esrgan.degradation.random_noise import RandomNoise
from gancore_esrgan.degradation.rounding import EightBit
from gancore_esrgan.degradation.second_order import SecondOrderDegradation
from gancore_esrgan.degradation.sinc import SincFilter
from gancore_esrgan.degradation.unsharp import UnsharpMask

__all__ = [
    "JPEG",
    "PARTS",
    "PRESETS",
    "CanvasAugment",
    "ClassicalDegradation",
    "Degradation",
    "EightBit",
    "GaussianNoise",
    "PoissonNoise",
    "RandomBlur",
    "RandomNoise",
    "SecondOrderDegradation",
    "SincFilter",
    "UnsharpMask",
]

AUGMENTS: tuple[type[Part], ...] = (
    *(RandomBlur, SincFilter, UnsharpMask),
    *(GaussianNoise, PoissonNoise, RandomNoise),
    *(JPEG, EightBit),
)
PARTS: tuple[type[Part], ...] = (*AUGMENTS, ClassicalDegradation, SecondOrderDegradation)
"""The parts of the plugin that degrade images."""
