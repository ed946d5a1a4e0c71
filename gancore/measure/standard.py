"""The scores that an evaluation computes by default."""

from gancore.measure.class_accuracy import ClassAccuracy
from gancore.measure.codebook import CodebookUse
from gancore.measure.density_coverage import DensityCoverage
from gancore.measure.diversity import Diversity
from gancore.measure.equivariance import Equivariance
from gancore.measure.frechet import Frechet
from gancore.measure.inception_score import InceptionScore
from gancore.measure.intra_class import IntraClass
from gancore.measure.kernel import Kernel
from gancore.measure.memorization import Memorization
from gancore.measure.modes import Modes
from gancore.measure.pairs import Pairs
from gancore.measure.path_length import PathLength
from gancore.measure.precision_recall import PrecisionRecall
from gancore.measure.reconstruction import Reconstruction
from gancore.measure.score import Score
from gancore.measure.sliced_wasserstein import SlicedWasserstein

SCORES: list[type[Score]] = [
    *(Frechet, Kernel, PrecisionRecall, DensityCoverage),
    *(InceptionScore, Modes, IntraClass, ClassAccuracy),
    *(Diversity, SlicedWasserstein),
    *(Memorization, PathLength, Equivariance, Reconstruction, CodebookUse, Pairs),
]
"""All scores of the core in reading order: the distribution, the classes, variety, and the model's behavior.
"""


def standard_scores() -> list[Score]:
    """All scores of the core with their defaults, in reading order."""
    return [score() for score in SCORES]
