"""The Fréchet distance of two Gaussians, without a matrix square root of a product."""

from collections.abc import Callable

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.measure.moments import Moments
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.spread import jackknife_error
from gancore.measure.study import Study


def frechet_distance(first: Moments, second: Moments) -> float:
    """The squared Fréchet (2-Wasserstein) distance between Gaussians with these means and covariances.

    Papers: Dowson and Landau 1982 (the closed form); Heusel et al. 2017, arXiv:1706.08500, eq. 6 (as an image
    score): |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½). The eigenvalues of Σ₁Σ₂ are those of Σ₁^½ Σ₂ Σ₁^½, which is
    symmetric, so the trace of the root is the sum of their square roots. Float64.
    """
    return frechet_distance_to(first)(second)


def frechet_distance_to(first: Moments) -> Callable[[Moments], float]:
    """`frechet_distance` to one Gaussian, whose matrix root is computed once."""
    root = _root(first.covariance)

    def distance(second: Moments) -> float:
        values = torch.linalg.eigvalsh(root @ second.covariance @ root)
        return _distance(first, second, values.clamp(min=0).sqrt().sum())

    return distance


def frechet_distance_of_few(first: Tensor, second: Tensor) -> float:
    """The same distance between rows `(N, D)` and `(M, D)`; faster if there are fewer rows than dimensions.

    With centered rows A and B, (N-1)(M-1) Σ₁Σ₂ = AᵀA BᵀB has the eigenvalues of (A Bᵀ)(A Bᵀ)ᵀ, so the trace
    of the root is the sum of the singular values of A Bᵀ over √((N-1)(M-1)). If one side has more rows than
    dimensions, its matrix root replaces B.
    """
    a, b = (rows.double() - rows.double().mean(0) for rows in (first, second))
    one, other = Moments.of(first), Moments.of(second)
    if len(b) > b.shape[1]:
        cross = a @ _root(other.covariance) / (len(a) - 1) ** 0.5
    elif len(a) > a.shape[1]:
        cross = b @ _root(one.covariance) / (len(b) - 1) ** 0.5
    else:
        cross = a @ b.T / ((len(a) - 1) * (len(b) - 1)) ** 0.5
    return _distance(one, other, torch.linalg.svdvals(cross).sum())


def _distance(first: Moments, second: Moments, cross: Tensor) -> float:
    traces = first.covariance.trace() + second.covariance.trace()
    return float(((first.mean - second.mean).square().sum() + traces - 2 * cross).clamp(min=0))


def _root(covariance: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
    return root


def frechet_name(title: str) -> str:
    """`FID` for the network that defines FID, `FD[title]` for any other."""
    return "FID" if title == "inception-2015" else f"FD[{title}]"


@part("frechet")
class Frechet(Score):
    """The Fréchet distance between Gaussians fitted to features; called `FID` only for the 2015 Inception
    network.

    Paper: Heusel et al. 2017, arXiv:1706.08500, eq. 6; covariances are divided by N - 1. The value falls with
    the number of images, so values are comparable only at equal counts. Raises MeasureError if the images on
    one side do not outnumber the dimensions, because the covariance is then singular; `allow_few` computes
    the value anyway, exactly. The error is that of other samples against the same reference (jackknife).
    """

    allow_few: bool = field(default=False, help="allow fewer images than the extractor has dimensions")

    def forward(self, study: Study) -> dict[str, Value]:
        """`FD[title]`, lower is better."""
        name = frechet_name(study.title)
        real, fake = study.features("reference"), study.features("samples")
        enough_for_covariance(name, real.shape[1], self.allow_few, reference=len(real), samples=len(fake))
        if min(len(real), len(fake)) > real.shape[1]:
            distance = frechet_distance_to(study.reference_moments)
            value = distance(study.sample_moments)
            error = jackknife_error(fake, lambda rows: distance(Moments.of(rows)))
        else:
            value = frechet_distance_of_few(real, fake)
            error = jackknife_error(fake, lambda rows: frechet_distance_of_few(real, rows))
        return {name: Value(value, error, "lower", perfect=0)}


def enough_for_covariance(name: str, width: int, allow_few: bool, **found: int) -> None:
    """Raises MeasureError unless there are more images than dimensions, or with `allow_few` at least two."""
    if allow_few:
        need(name, 2, "a covariance", **found)
    else:
        need(
            name,
            width + 1,
            f"more than the {width:,} dimensions of the features, or the option allow_few",
            **found,
        )
