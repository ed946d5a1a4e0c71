"""Layers that several families share, one idea a file."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.nn.adain import AdaIN
    from gancore.nn.diagonal_gaussian import DiagonalGaussian
    from gancore.nn.equalized import EqualizedConv2d, EqualizedDownConv2d, EqualizedLinear, EqualizedUpConv2d
    from gancore.nn.fir import Fir
    from gancore.nn.growing import Growing
    from gancore.nn.labels import given_label, one_hot
    from gancore.nn.minibatch_std import MinibatchStd
    from gancore.nn.noise import Noise
    from gancore.nn.resample import Resample

_HOMES = {
    "adain": ("AdaIN",),
    "diagonal_gaussian": ("DiagonalGaussian",),
    "equalized": ("EqualizedConv2d", "EqualizedDownConv2d", "EqualizedLinear", "EqualizedUpConv2d"),
    "fir": ("Fir",),
    "growing": ("Growing",),
    "labels": ("given_label", "one_hot"),
    "minibatch_std": ("MinibatchStd",),
    "noise": ("Noise",),
    "resample": ("Resample",),
}
__all__ = [
    "AdaIN",
    "DiagonalGaussian",
    "EqualizedConv2d",
    "EqualizedDownConv2d",
    "EqualizedLinear",
    "EqualizedUpConv2d",
    "Fir",
    "Growing",
    "MinibatchStd",
    "Noise",
    "Resample",
    "given_label",
    "one_hot",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
