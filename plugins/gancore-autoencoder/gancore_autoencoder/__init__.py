"""Autoencoders: plain, denoising, contractive, sparse and regularized, with a sampler fitted to codes."""

from gancore import Part, Preset, hookimpl
from gancore_autoencoder.coded import Coded
from gancore_autoencoder.contractive import Contractive, ProjectedContractive
from gancore_autoencoder.convolutional import AutoencoderEncoder, AutoencoderGenerator, SpectralGenerator
from gancore_autoencoder.corruptions import MaskingNoise, SaltAndPepper
from gancore_autoencoder.ex_post import ExPost
from gancore_autoencoder.k_sparse import KSparse
from gancore_autoencoder.mlp import MLPEncoder, MLPGenerator
from gancore_autoencoder.penalties import (
    AbsoluteCode,
    CodeNorm,
    DecoderGradient,
    DecoderWeights,
    Penalty,
    SparseActivation,
)
from gancore_autoencoder.presets import PRESETS
from gancore_autoencoder.pretrained import PretrainedAutoencoder
from gancore_autoencoder.recipe import Autoencoder
from gancore_autoencoder.reconstructions import CrossEntropy, Reconstruction, SquaredError

__all__ = [
    "PRESETS",
    "AbsoluteCode",
    "Autoencoder",
    "AutoencoderEncoder",
    "AutoencoderGenerator",
    "CodeNorm",
    "Coded",
    "Contractive",
    "CrossEntropy",
    "DecoderGradient",
    "DecoderWeights",
    "ExPost",
    "KSparse",
    "MLPEncoder",
    "MLPGenerator",
    "MaskingNoise",
    "Penalty",
    "PretrainedAutoencoder",
    "ProjectedContractive",
    "Reconstruction",
    "SaltAndPepper",
    "SparseActivation",
    "SpectralGenerator",
    "SquaredError",
]

gancore_api = 1


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The recipes, networks, corruptions, distances and penalties."""
    return [
        *(Autoencoder, PretrainedAutoencoder, ExPost),
        *(AutoencoderEncoder, MLPEncoder, KSparse),
        *(AutoencoderGenerator, SpectralGenerator, MLPGenerator),
        *(MaskingNoise, SaltAndPepper),
        *(SquaredError, CrossEntropy),
        *(CodeNorm, DecoderWeights, DecoderGradient, AbsoluteCode, SparseActivation),
        *(Contractive, ProjectedContractive),
    ]


@hookimpl
def gancore_presets() -> tuple[Preset, ...]:
    """Denoising, contractive, sparse and regularized autoencoders."""
    return PRESETS
