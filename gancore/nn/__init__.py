"""Layers shared by several families, one idea per file."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.nn.adain import AdaIN
    from gancore.nn.attention import SelfAttention
    from gancore.nn.batch_norm import BatchNorm2d, SyncBatchNorm2d
    from gancore.nn.blur import BlurPool, BlurUpsample
    from gancore.nn.boltzmann import BoltzmannMachine, RestrictedBoltzmann, contrastive_divergence
    from gancore.nn.class_means import ClassMeans
    from gancore.nn.conditional_norm import ConditionalBatchNorm2d, ConditionalInstanceNorm2d
    from gancore.nn.convolution import Conv2d, ConvTranspose2d
    from gancore.nn.diagonal_gaussian import DiagonalGaussian
    from gancore.nn.dropout import Dropout
    from gancore.nn.equalized import EqualizedConv2d, EqualizedDownConv2d, EqualizedLinear, EqualizedUpConv2d
    from gancore.nn.growing import Growing
    from gancore.nn.hierarchy import Hierarchy
    from gancore.nn.initializers import (
        he_weights,
        normal_weights,
        orthogonal_weights,
        xavier_normal_weights,
        xavier_weights,
    )
    from gancore.nn.instance_norm import InstanceNorm
    from gancore.nn.labels import LabelEmbedding, given_label, one_hot
    from gancore.nn.minibatch_discrimination import MinibatchDiscrimination
    from gancore.nn.minibatch_std import MinibatchStd
    from gancore.nn.moments import Moments, value_moments
    from gancore.nn.noise import Noise
    from gancore.nn.projection import ProjectionHead
    from gancore.nn.residual import ResidualBlock
    from gancore.nn.resnet import ResNetDown, ResNetUp
    from gancore.nn.spectral_norm import (
        SpectralConv2d,
        SpectralConvTranspose2d,
        SpectralEmbedding,
        SpectralLinear,
    )
    from gancore.nn.standing import standing_statistics
    from gancore.nn.upfirdn import Fir, Resample
    from gancore.nn.virtual_batch_norm import VirtualBatchNorm

_HOMES = {
    "adain": ("AdaIN",),
    "attention": ("SelfAttention",),
    "batch_norm": ("BatchNorm2d", "SyncBatchNorm2d"),
    "blur": ("BlurPool", "BlurUpsample"),
    "boltzmann": (
        "BoltzmannMachine",
        "RestrictedBoltzmann",
        "contrastive_divergence",
    ),
    "class_means": ("ClassMeans",),
    "conditional_norm": (
        "ConditionalBatchNorm2d",
        "ConditionalInstanceNorm2d",
    ),
    "convolution": ("Conv2d", "ConvTranspose2d"),
    "diagonal_gaussian": ("DiagonalGaussian",),
    "dropout": ("Dropout",),
    "equalized": (
        "EqualizedConv2d",
        "EqualizedDownConv2d",
        "EqualizedLinear",
        "EqualizedUpConv2d",
    ),
    "growing": ("Growing",),
    "hierarchy": ("Hierarchy",),
    "initializers": (
        "he_weights",
        "normal_weights",
        "orthogonal_weights",
        "xavier_normal_weights",
        "xavier_weights",
    ),
    "instance_norm": ("InstanceNorm",),
    "labels": (
        "LabelEmbedding",
        "given_label",
        "one_hot",
    ),
    "minibatch_discrimination": ("MinibatchDiscrimination",),
    "minibatch_std": ("MinibatchStd",),
    "moments": ("Moments", "value_moments"),
    "noise": ("Noise",),
    "projection": ("ProjectionHead",),
    "residual": ("ResidualBlock",),
    "resnet": (
        "ResNetDown",
        "ResNetUp",
    ),
    "spectral_norm": (
        "SpectralConv2d",
        "SpectralConvTranspose2d",
        "SpectralEmbedding",
        "SpectralLinear",
    ),
    "standing": ("standing_statistics",),
    "upfirdn": (
        "Fir",
        "Resample",
    ),
    "virtual_batch_norm": ("VirtualBatchNorm",),
}
__all__ = [
    "AdaIN",
    "BatchNorm2d",
    "BlurPool",
    "BlurUpsample",
    "BoltzmannMachine",
    "ClassMeans",
    "ConditionalBatchNorm2d",
    "ConditionalInstanceNorm2d",
    "Conv2d",
    "ConvTranspose2d",
    "DiagonalGaussian",
    "Dropout",
    "EqualizedConv2d",
    "EqualizedDownConv2d",
    "EqualizedLinear",
    "EqualizedUpConv2d",
    "Fir",
    "Growing",
    "Hierarchy",
    "InstanceNorm",
    "LabelEmbedding",
    "MinibatchDiscrimination",
    "MinibatchStd",
    "Moments",
    "Noise",
    "ProjectionHead",
    "ResNetDown",
    "ResNetUp",
    "Resample",
    "ResidualBlock",
    "RestrictedBoltzmann",
    "SelfAttention",
    "SpectralConv2d",
    "SpectralConvTranspose2d",
    "SpectralEmbedding",
    "SpectralLinear",
    "SyncBatchNorm2d",
    "VirtualBatchNorm",
    "contrastive_divergence",
    "given_label",
    "he_weights",
    "normal_weights",
    "one_hot",
    "orthogonal_weights",
    "standing_statistics",
    "value_moments",
    "xavier_normal_weights",
    "xavier_weights",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
