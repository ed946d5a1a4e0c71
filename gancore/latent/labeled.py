"""Linear directions from labeled points."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from gancore.component.randomness import fold
from gancore.errors import UserError

__all__ = ["Labeled", "labeled_directions"]

HELD_OUT = 0.2
FEWEST = 5
"""Points of a class required on each side of the split."""
PENALTY = 1e-2
"""Penalty on the squared weights, for points of unit variance."""


class Labeled(NamedTuple):
    """Unit `vectors` `(k, D)`, their names, and how well each predicts the answer for held-out points."""

    vectors: Tensor
    names: tuple[str, ...]
    held_out: tuple[float, ...]
    measure: str


def labeled_directions(points: Tensor, answer: Tensor, *, seed: int = 0) -> Labeled:
    """Directions in which points `(N, D)` change their class, int64 `(N,)`, one per class; or increase
    scores, float `(N,)` or `(N, A)`.

    Paper: Shen et al. 2019 (InterFaceGAN), arXiv:1907.10786, section 3: the normal of a linear boundary in
    latent space. Differences: the normal is multiplied by the covariance of the points, which changes nothing
    for isotropic latents; codes vary so little along many normals that the effect would be invisible
    otherwise, and the product is how they vary together with it. Logistic regression with balanced classes
    instead of a support vector machine, ridge regression for scores; all points are used, not only the most
    certain ones. Two classes give one direction, toward the second; classes with too few points are left out.
    A fifth of the points is held out for the mean accuracy over both sides of a boundary, or the fraction of
    variance explained.

    Raises:
        UserError: answers are none, do not match the points, are not finite, or there are too few of each
        kind.
    """
    if not answer.numel():
        raise UserError(
            f"answers {tuple(answer.shape)} contain nothing to learn from; "
            "give one class or score for each of many images"
        )
    if len(answer) != len(points) or answer.ndim > 2 or (answer.ndim == 2 and not answer.is_floating_point()):
        raise UserError(
            f"each of {len(points)} points takes one class, or scores (N,) or (N, A); "
            f"got answers {tuple(answer.shape)}"
        )
    if not bool(torch.isfinite(answer).all()):
        raise UserError("answers contain NaN or infinity; omit such points")
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(fold(seed, "held out")))
    points = points.double().cpu()
    points = (points - points.mean(0)) / points.std().clamp_min(1e-12)
    cut = int(len(order) * HELD_OUT)
    fit = _scores if answer.is_floating_point() else _classes
    return fit(points, answer.cpu(), order[cut:], order[:cut])


def _classes(points: Tensor, label: Tensor, train: Tensor, test: Tensor) -> Labeled:
    kinds = sorted(set(label.tolist()))
    found = [
        k for k in kinds[len(kinds) == 2 :] if min(_both(label, k, rows) for rows in (train, test)) >= FEWEST
    ]
    if not found:
        raise UserError(
            f"no class has {FEWEST} points within and without it, held out and not; label more images"
        )
    vectors, right = [], []
    for k in found:
        target = (label == k).double()
        weight, bias = _logistic(points[train], target[train])
        says = (points[test] @ weight + bias > 0).double() == target[test]
        right.append(
            float(torch.stack([says[target[test] == side].double().mean() for side in (0, 1)]).mean())
        )
        vectors.append(weight)
    return Labeled(
        _followed(points, torch.stack(vectors)), tuple(map(str, found)), tuple(right), "balanced accuracy"
    )


def _followed(points: Tensor, normals: Tensor) -> Tensor:
    """The average direction, of unit length, in which points `(N, D)` move when they move along normals `(k,
    D)`.
    """
    centered = points - points.mean(0)
    moved: Tensor = normals @ centered.t() @ centered
    return moved.div(moved.norm(dim=1, keepdim=True)).float()


def _both(label: Tensor, kind: int, rows: Tensor) -> int:
    """The size of the smaller side, a class or the rest, among some rows."""
    inside = int((label[rows] == kind).sum())
    return min(inside, len(rows) - inside)


def _logistic(points: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Weights `(D,)` and bias of a boundary, with both sides weighted equally."""
    weight = torch.zeros(points.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    balance = torch.where(target > 0, 0.5 / target.mean(), 0.5 / (1 - target.mean()))
    descent = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        descent.zero_grad()
        found = (
            binary_cross_entropy_with_logits(points @ weight + bias, target, weight=balance)
            + PENALTY * weight.square().sum()
        )
        found.backward()  # type: ignore[no-untyped-call]
        return found

    descent.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def _scores(points: Tensor, score: Tensor, train: Tensor, test: Tensor) -> Labeled:
    score = score.double().reshape(len(points), -1)
    if len(test) < FEWEST or bool((score[test].std(0) == 0).any()) or bool((score[train].std(0) == 0).any()):
        raise UserError(
            f"a linear fit takes at least {round(FEWEST / HELD_OUT)} scores that are not all equal; give more"
        )
    inputs, mean = points[train], score[train].mean(0)
    centered = inputs - inputs.mean(0)
    gram = centered.t() @ centered / len(centered) + PENALTY * torch.eye(points.shape[1], dtype=torch.float64)
    weight = torch.linalg.solve(gram, centered.t() @ (score[train] - mean) / len(centered))
    guess = (points[test] - inputs.mean(0)) @ weight + mean
    explained = 1 - (guess - score[test]).square().mean(0) / score[test].var(0, correction=0)
    names = tuple(map(str, range(weight.shape[1])))
    return Labeled(
        _followed(points, weight.t()), names, tuple(explained.tolist()), "fraction of variance explained"
    )
