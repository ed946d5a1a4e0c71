"""The parts of the core. They are registered like those of any plugin (`gancore.builtin`)."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.standard.ada import ADA, APA, ADAFixed, APAFixed
    from gancore.standard.augments import Chain, DiffAugment, InstanceNoise, NoAugment
    from gancore.standard.auxiliaries import ACGAN, InfoGAN
    from gancore.standard.averages import ExponentialAverage, NoAverage
    from gancore.standard.co_training import CoTraining, CoTrainingDiscriminator
    from gancore.standard.conditioners import Embedding, Identity, OneHot
    from gancore.standard.consistency import BalancedConsistency, LatentConsistency
    from gancore.standard.constraints import WeightClipping
    from gancore.standard.contrastive import ConditionalContrastive, DataToDataCrossEntropy
    from gancore.standard.decoded import Decoded
    from gancore.standard.distances import L1, L2
    from gancore.standard.few_labels import FewLabels
    from gancore.standard.gaussian_mixture import GaussianMixture
    from gancore.standard.gradient_normalization import GradientNormalization
    from gancore.standard.historical import HistoricalAverageDiscriminator, HistoricalAverageGenerator
    from gancore.standard.labels import EmpiricalLabels, UniformLabels, UniformOneHot
    from gancore.standard.latent_codes import LatentCodes
    from gancore.standard.layer_matching import LayerMatching
    from gancore.standard.lecam import LeCam
    from gancore.standard.losses import (
        DualContrastive,
        Hinge,
        LeastSquares,
        Minimax,
        NonSaturating,
        RelativisticAverage,
        RelativisticPairing,
        Wasserstein,
    )
    from gancore.standard.matching import FeatureMatching
    from gancore.standard.matching_aware import MatchingAware
    from gancore.standard.minibatch import MinibatchDiscriminator
    from gancore.standard.multi_hinge import MultiHinge
    from gancore.standard.multi_scale import MultiScaleDiscriminator
    from gancore.standard.optimizers import SGD, Adam, AdamW, RMSprop
    from gancore.standard.orthogonal import OrthogonalDiscriminator, OrthogonalGenerator
    from gancore.standard.patchgan import AntialiasedPatchGAN, BatchPatchGAN, PatchGAN
    from gancore.standard.path_length import PathLength
    from gancore.standard.pixelgan import BatchPixelGAN, PixelGAN
    from gancore.standard.projection import ProjectionDiscriminator
    from gancore.standard.quantizers import (
        Codebook,
        CosineQuantizer,
        EntropyPenalty,
        FiniteScalarQuantizer,
        GroupedQuantizer,
        GumbelQuantizer,
        KMeansStart,
        LookupFreeQuantizer,
        MovingAverageQuantizer,
        ProjectedQuantizer,
        ResidualQuantizer,
        Revival,
        RotationTrick,
        SimVQ,
        UniformIndices,
        VectorQuantizer,
    )
    from gancore.standard.regularizers import (
        R1,
        R2,
        Dragan,
        Drift,
        GradientPenalty,
        MaxGradient,
        OneSidedGradientPenalty,
    )
    from gancore.standard.rotation import Rotation
    from gancore.standard.samplers import Normal, Sphere, TruncatedNormal, Uniform
    from gancore.standard.schedules import Constant, Cosine, Exponential, Linear, Piecewise, WarmUp
    from gancore.standard.translators import AntialiasedResNet, BatchResNet, InstanceUNet, ResNet, UNet
    from gancore.standard.unrolled import Unrolled
    from gancore.standard.wrapped_losses import NoisyLabels, TopK, Weighted

_HOMES = {
    "ada": ("ADA", "ADAFixed", "APA", "APAFixed"),
    "augments": ("Chain", "DiffAugment", "InstanceNoise", "NoAugment"),
    "auxiliaries": (
        "ACGAN",
        "InfoGAN",
    ),
    "consistency": (
        "BalancedConsistency",
        "LatentConsistency",
    ),
    "historical": (
        "HistoricalAverageDiscriminator",
        "HistoricalAverageGenerator",
    ),
    "co_training": ("CoTraining", "CoTrainingDiscriminator"),
    "decoded": ("Decoded",),
    "distances": ("L1", "L2"),
    "few_labels": ("FewLabels",),
    "gaussian_mixture": ("GaussianMixture",),
    "gradient_normalization": ("GradientNormalization",),
    "path_length": ("PathLength",),
    "latent_codes": ("LatentCodes",),
    "layer_matching": ("LayerMatching",),
    "lecam": ("LeCam",),
    "matching": ("FeatureMatching",),
    "matching_aware": ("MatchingAware",),
    "minibatch": ("MinibatchDiscriminator",),
    "multi_hinge": ("MultiHinge",),
    "multi_scale": ("MultiScaleDiscriminator",),
    "orthogonal": (
        "OrthogonalDiscriminator",
        "OrthogonalGenerator",
    ),
    "translators": ("AntialiasedResNet", "BatchResNet", "InstanceUNet", "ResNet", "UNet"),
    "unrolled": ("Unrolled",),
    "wrapped_losses": (
        "NoisyLabels",
        "TopK",
        "Weighted",
    ),
    "averages": ("ExponentialAverage", "NoAverage"),
    "conditioners": ("Embedding", "Identity", "OneHot"),
    "constraints": ("WeightClipping",),
    "labels": ("EmpiricalLabels", "UniformLabels", "UniformOneHot"),
    "contrastive": (
        "ConditionalContrastive",
        "DataToDataCrossEntropy",
    ),
    "losses": (
        "DualContrastive",
        "Hinge",
        "LeastSquares",
        "Minimax",
        "NonSaturating",
        "RelativisticAverage",
        "RelativisticPairing",
        "Wasserstein",
    ),
    "optimizers": ("Adam", "AdamW", "RMSprop", "SGD"),
    "patchgan": ("AntialiasedPatchGAN", "BatchPatchGAN", "PatchGAN"),
    "pixelgan": ("BatchPixelGAN", "PixelGAN"),
    "projection": ("ProjectionDiscriminator",),
    "quantizers": (
        "Codebook",
        "CosineQuantizer",
        "EntropyPenalty",
        "FiniteScalarQuantizer",
        "GroupedQuantizer",
        "GumbelQuantizer",
        "KMeansStart",
        "LookupFreeQuantizer",
        "MovingAverageQuantizer",
        "ProjectedQuantizer",
        "ResidualQuantizer",
        "Revival",
        "RotationTrick",
        "SimVQ",
        "UniformIndices",
        "VectorQuantizer",
    ),
    "regularizers": (
        "R1",
        "R2",
        "Dragan",
        "Drift",
        "GradientPenalty",
        "MaxGradient",
        "OneSidedGradientPenalty",
    ),
    "rotation": ("Rotation",),
    "samplers": ("Normal", "Sphere", "TruncatedNormal", "Uniform"),
    "schedules": ("Constant", "Cosine", "Exponential", "Linear", "Piecewise", "WarmUp"),
}
__all__ = [
    "ACGAN",
    "ADA",
    "APA",
    "L1",
    "L2",
    "R1",
    "R2",
    "SGD",
    "ADAFixed",
    "APAFixed",
    "Adam",
    "AdamW",
    "AntialiasedPatchGAN",
    "AntialiasedResNet",
    "BalancedConsistency",
    "BatchPatchGAN",
    "BatchPixelGAN",
    "BatchResNet",
    "Chain",
    "CoTraining",
    "CoTrainingDiscriminator",
    "Codebook",
    "ConditionalContrastive",
    "Constant",
    "Cosine",
    "CosineQuantizer",
    "DataToDataCrossEntropy",
    "Decoded",
    "DiffAugment",
    "Dragan",
    "Drift",
    "DualContrastive",
    "Embedding",
    "EmpiricalLabels",
    "EntropyPenalty",
    "Exponential",
    "ExponentialAverage",
    "FeatureMatching",
    "FewLabels",
    "FiniteScalarQuantizer",
    "GaussianMixture",
    "GradientNormalization",
    "GradientPenalty",
    "GroupedQuantizer",
    "GumbelQuantizer",
    "Hinge",
    "HistoricalAverageDiscriminator",
    "HistoricalAverageGenerator",
    "Identity",
    "InfoGAN",
    "InstanceNoise",
    "InstanceUNet",
    "KMeansStart",
    "LatentCodes",
    "LatentConsistency",
    "LayerMatching",
    "LeCam",
    "LeastSquares",
    "Linear",
    "LookupFreeQuantizer",
    "MatchingAware",
    "MaxGradient",
    "MinibatchDiscriminator",
    "Minimax",
    "MovingAverageQuantizer",
    "MultiHinge",
    "MultiScaleDiscriminator",
    "NoAugment",
    "NoAverage",
    "NoisyLabels",
    "NonSaturating",
    "Normal",
    "OneHot",
    "OneSidedGradientPenalty",
    "OrthogonalDiscriminator",
    "OrthogonalGenerator",
    "PatchGAN",
    "PathLength",
    "Piecewise",
    "PixelGAN",
    "ProjectedQuantizer",
    "ProjectionDiscriminator",
    "RMSprop",
    "RelativisticAverage",
    "RelativisticPairing",
    "ResNet",
    "ResidualQuantizer",
    "Revival",
    "Rotation",
    "RotationTrick",
    "SimVQ",
    "Sphere",
    "TopK",
    "TruncatedNormal",
    "UNet",
    "Uniform",
    "UniformIndices",
    "UniformLabels",
    "UniformOneHot",
    "Unrolled",
    "VectorQuantizer",
    "WarmUp",
    "Wasserstein",
    "WeightClipping",
    "Weighted",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
