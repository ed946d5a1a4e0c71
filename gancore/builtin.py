"""The core as a plugin: its standard parts are registered like those of any other plugin."""

from pathlib import Path

from gancore.component.hooks import hookimpl
from gancore.component.part import Part
from gancore.measure.extractors import VGG16, VGG19, Emoji, Fashion, Inception2015, Pixels
from gancore.measure.feature_distance import FeatureDistance
from gancore.measure.perceptual import Perceptual
from gancore.measure.standard import SCORES
from gancore.recipes.gan import TwoPlayerGAN
from gancore.recipes.growing import GrowingGAN
from gancore.recipes.paired import PairedGAN
from gancore.runs.opening import weight_files
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

gancore_api = 1

_PARTS: list[type[Part]] = [
    *(TwoPlayerGAN, GrowingGAN, PairedGAN),
    *(Normal, Uniform, TruncatedNormal, Sphere, LatentCodes, GaussianMixture),
    *(EmpiricalLabels, UniformLabels, UniformOneHot),
    *(Identity, OneHot, Embedding),
    *(VectorQuantizer, MovingAverageQuantizer, CosineQuantizer, SimVQ, GumbelQuantizer),
    *(FiniteScalarQuantizer, LookupFreeQuantizer, ResidualQuantizer, GroupedQuantizer),
    *(ProjectedQuantizer, RotationTrick, KMeansStart, Revival, EntropyPenalty),
    *(Codebook, UniformIndices),
    *(Decoded, UNet, InstanceUNet, ResNet, BatchResNet, AntialiasedResNet),
    *(PatchGAN, BatchPatchGAN, AntialiasedPatchGAN, PixelGAN, BatchPixelGAN, MultiScaleDiscriminator),
    *(ProjectionDiscriminator, MinibatchDiscriminator, GradientNormalization),
    *(CoTrainingDiscriminator, CoTraining),
    *(Minimax, NonSaturating, LeastSquares, Hinge, Wasserstein),
    *(RelativisticPairing, RelativisticAverage, DualContrastive),
    *(TopK, Weighted, NoisyLabels),
    *(R1, R2, GradientPenalty, OneSidedGradientPenalty, MaxGradient, Dragan, Drift),
    *(LeCam, BalancedConsistency, MatchingAware, OrthogonalDiscriminator),
    *(OrthogonalGenerator, FeatureMatching, LayerMatching, PathLength),
    *(HistoricalAverageDiscriminator, HistoricalAverageGenerator, Unrolled),
    *(ACGAN, FewLabels, InfoGAN, LatentConsistency),
    *(ConditionalContrastive, DataToDataCrossEntropy, MultiHinge, Rotation),
    *(WeightClipping,),
    *(ExponentialAverage, NoAverage),
    *(NoAugment, DiffAugment, ADAFixed, ADA, APAFixed, APA, InstanceNoise, Chain),
    *(Adam, AdamW, RMSprop, SGD),
    *(Constant, Linear, Cosine, Exponential, WarmUp, Piecewise),
    *(Inception2015, Pixels, Emoji, Fashion, VGG16, VGG19),
    *(FeatureDistance, Perceptual, L1, L2),
    *SCORES,
]


@hookimpl
def gancore_parts() -> list[type[Part]]:
    """The standard parts and recipes of the core."""
    return _PARTS


@hookimpl
def gancore_weights(folder: Path, part: str) -> list[Path]:
    """The weight files of a part in runs, checkpoints, saved pipelines and imports."""
    return weight_files(folder, part)
