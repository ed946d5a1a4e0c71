"""Instance selection: the images of data that are most typical in a feature space."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gancore.component.interfaces import Extractor
from gancore.data.data import Images
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.sets import DatasetImages
from gancore.measure.study import Study

__all__ = ["likelihood", "most_typical"]

RIDGE = 1e-5
"""Added to the variances, so that few images, too, have a covariance that can be inverted."""


def most_typical(data: Images, fraction: float, extractor: Extractor | None = None) -> npt.NDArray[np.int64]:
    """The numbers, in rising order, of the images that are most likely under a Gaussian of their features.

    Paper: DeVries, Drozdzal & Taylor 2020, arXiv:2007.15255, section 3: a Gaussian with full covariance, of
    each class by itself where the data have classes, as in the authors' code. Differences: the extractor is
    by default that of the scores (theirs: Inception v3), and of each class the share is rounded, with at
    least one image.

    Raises:
        MeasureError: an image is not finite.
    """
    reference = DatasetImages(data)
    study = Study(reference, reference, extractor or default_extractor(reference.image))
    features = study.features("reference")
    classes = data.labels if data.labels is not None and data.labels.ndim == 1 else np.zeros(len(data))
    groups = [torch.from_numpy(np.flatnonzero(classes == number)) for number in np.unique(classes)]
    chosen = [_best(features[group], group, fraction) for group in groups]
    found: npt.NDArray[np.int64] = torch.cat(chosen).sort().values.numpy()
    return found


def likelihood(features: Tensor) -> Tensor:
    """The log-likelihood `(N,)` of features `(N, D)` under their own Gaussian, up to a constant: -½ (x - μ)ᵀ
    Σ⁻¹ (x - μ), float64.
    """
    centered = features.double() - features.double().mean(0)  # (N, D)
    covariance = centered.T @ centered / len(centered)
    covariance.diagonal().add_(RIDGE)
    solved: Tensor = torch.linalg.solve(covariance, centered.T)  # (D, N)
    return -(centered * solved.T).sum(1) / 2


def _best(features: Tensor, numbers: Tensor, fraction: float) -> Tensor:
    kept = max(1, round(fraction * len(numbers)))
    return numbers[likelihood(features).argsort(descending=True, stable=True)[:kept]]
