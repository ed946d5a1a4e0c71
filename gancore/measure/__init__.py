"""Scores of generative models that say how they were made."""

from typing import TYPE_CHECKING

from gancore.exports import lazy

if TYPE_CHECKING:
    from gancore.measure.class_accuracy import ClassAccuracy
    from gancore.measure.codebook import CodebookUse
    from gancore.measure.density_coverage import DensityCoverage
    from gancore.measure.diversity import Diversity
    from gancore.measure.equivariance import Equivariance
    from gancore.measure.evaluation import Evaluation, score_study
    from gancore.measure.extractor_distance import ExtractorDistance
    from gancore.measure.extractors import (
        VGG16,
        VGG19,
        Emoji,
        Fashion,
        Inception2015,
        Pixels,
        default_extractor,
    )
    from gancore.measure.feature_distance import FeatureDistance
    from gancore.measure.frechet import Frechet, frechet_distance
    from gancore.measure.inception_score import InceptionScore
    from gancore.measure.instances import most_typical
    from gancore.measure.intra_class import IntraClass
    from gancore.measure.kernel import Kernel, kernel_distance
    from gancore.measure.memorization import Memorization
    from gancore.measure.modes import Modes
    from gancore.measure.moments import Moments
    from gancore.measure.pairs import Pairs
    from gancore.measure.path_length import PathLength
    from gancore.measure.perceptual import Perceptual
    from gancore.measure.precision_recall import PrecisionRecall
    from gancore.measure.reconstruction import Reconstruction
    from gancore.measure.score import Score, Value
    from gancore.measure.sets import DatasetImages, ImageSet, PipelineSamples
    from gancore.measure.sliced_wasserstein import SlicedWasserstein
    from gancore.measure.ssim import ms_ssim
    from gancore.measure.standard import standard_scores
    from gancore.measure.standing_statistics import with_standing_statistics
    from gancore.measure.study import Study

_HOMES = {
    "class_accuracy": ("ClassAccuracy",),
    "codebook": ("CodebookUse",),
    "density_coverage": ("DensityCoverage",),
    "diversity": ("Diversity",),
    "equivariance": ("Equivariance",),
    "evaluation": ("Evaluation", "score_study"),
    "extractor_distance": ("ExtractorDistance",),
    "extractors": ("VGG16", "VGG19", "Emoji", "Fashion", "Inception2015", "Pixels", "default_extractor"),
    "feature_distance": ("FeatureDistance",),
    "frechet": ("Frechet", "frechet_distance"),
    "inception_score": ("InceptionScore",),
    "instances": ("most_typical",),
    "intra_class": ("IntraClass",),
    "kernel": ("Kernel", "kernel_distance"),
    "memorization": ("Memorization",),
    "modes": ("Modes",),
    "moments": ("Moments",),
    "pairs": ("Pairs",),
    "path_length": ("PathLength",),
    "perceptual": ("Perceptual",),
    "precision_recall": ("PrecisionRecall",),
    "reconstruction": ("Reconstruction",),
    "score": ("Score", "Value"),
    "sets": ("DatasetImages", "ImageSet", "PipelineSamples"),
    "sliced_wasserstein": ("SlicedWasserstein",),
    "ssim": ("ms_ssim",),
    "standard": ("standard_scores",),
    "standing_statistics": ("with_standing_statistics",),
    "study": ("Study",),
}
__all__ = [
    "VGG16",
    "VGG19",
    "ClassAccuracy",
    "CodebookUse",
    "DatasetImages",
    "DensityCoverage",
    "Diversity",
    "Emoji",
    "Equivariance",
    "Evaluation",
    "ExtractorDistance",
    "Fashion",
    "FeatureDistance",
    "Frechet",
    "ImageSet",
    "Inception2015",
    "InceptionScore",
    "IntraClass",
    "Kernel",
    "Memorization",
    "Modes",
    "Moments",
    "Pairs",
    "PathLength",
    "Perceptual",
    "PipelineSamples",
    "Pixels",
    "PrecisionRecall",
    "Reconstruction",
    "Score",
    "SlicedWasserstein",
    "Study",
    "Value",
    "default_extractor",
    "frechet_distance",
    "kernel_distance",
    "most_typical",
    "ms_ssim",
    "score_study",
    "standard_scores",
    "with_standing_statistics",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
