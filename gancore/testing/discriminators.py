"""Checks of discriminators, besides those of all networks."""

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.component.part import Part
from gancore.testing.check import check, ensure
from gancore.testing.excuses import reads_labels, reads_no_labels
from gancore.testing.forward import Inputs, classes_of, forward, inputs
from gancore.testing.slopes import ensure_slope, gradient_norm
from gancore.testing.trial import Trial


@check(Discriminator)
def scores_images(trial: Trial[Discriminator]) -> None:
    """Scores are `(N,)` or `(N, 1, h, w)`, and equal `forward_head` of `forward_features`, unless `forward`
    is overridden.
    """
    part = trial.part.eval()
    image, label = inputs(trial, part)
    scores = forward(part, (image, label))
    fine = scores.shape == (trial.n,) or (scores.dim() == 4 and scores.shape[:2] == (trial.n, 1))
    ensure(
        fine,
        f"scores of {trial.n} images have shape {tuple(scores.shape)}, expected ({trial.n},) or ({trial.n}, "
        "1, h, w)",
    )
    if type(part).forward is not Discriminator.forward:
        return
    judged = part.forward_head(part.forward_features(image), label)
    ensure(
        torch.allclose(judged.float(), scores, atol=1e-6),
        "forward_head(features(image), label) gives scores that differ from those of the part itself",
    )


@check(Discriminator, excuse=reads_labels)
def every_label_changes_the_scores(trial: Trial[Discriminator]) -> None:
    """For one image, every label gives a different score."""
    classes = classes_of(trial.part)
    image = trial.images(1, *trial.part.image).expand(classes, *trial.part.image).contiguous()
    scores = forward(trial.part.eval(), (image, torch.arange(classes))).reshape(classes, -1)
    same = [
        (j, i)
        for i in range(classes)
        for j in range(i)
        if torch.allclose(scores[i], scores[j], rtol=0, atol=1e-8)
    ]
    ensure(not same, f"the labels {', '.join(f'{j} and {i}' for j, i in same)} give the same scores")


@check(Discriminator, excuse=reads_no_labels)
def scores_without_labels(trial: Trial[Discriminator]) -> None:
    """A discriminator that ignores labels accepts them, and gives the same scores."""
    image, _ = inputs(trial, trial.part.eval())
    with_label = forward(trial.part, (image, trial.labels(3)))
    ensure(
        torch.equal(with_label, forward(trial.part, (image, None))),
        "a label changes the scores, although `conditional` is false",
    )


@check(Discriminator)
def gradient_is_true(trial: Trial[Discriminator]) -> None:
    """The gradient of the scores, in image and weights, agrees with finite differences."""
    ensure_slope(trial, _total, 1e-2, "the gradient of the scores")


def _gives_maps(part: Discriminator) -> str:
    return "" if type(part).maps is not Discriminator.maps else "it gives no maps of its layers"


@check(Discriminator, excuse=_gives_maps)
def gives_maps_of_its_layers(trial: Trial[Discriminator]) -> None:
    """If it gives maps of its layers, these are finite float32 `(N, C, H, W)`, and a finite gradient of each
    reaches the image.
    """
    image = trial.images(trial.n, *trial.part.image).requires_grad_()
    maps = trial.part.maps(image)
    ensure(bool(maps), "`maps` gives an empty list")
    for i, made in enumerate(maps):
        fine = made.dim() == 4 and len(made) == trial.n and made.dtype == torch.float32
        ensure(fine, f"map {i} is {tuple(made.shape)} of {made.dtype}, expected (N, C, H, W) of float32")
        ensure(made.requires_grad, f"map {i} has no gradient in the image")
        (gradient,) = torch.autograd.grad(made.square().sum(), image, allow_unused=True, retain_graph=True)
        reached = gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any())
        ensure(reached, f"no finite gradient of map {i} reaches the image")


def _differentiates(part: Discriminator) -> str:
    return (
        "its scores contain a gradient, so it would need a third derivative, which torch's layers of "
        "normalization lack"
        if part.differentiates
        else ""
    )


@check(Discriminator, excuse=_differentiates)
def double_backward_is_true(trial: Trial[Discriminator]) -> None:
    """The gradient of the squared norm of the image gradient (R1), in image and weights, agrees with finite
    differences.
    """
    ensure_slope(trial, _gradient_norm, 1e-3, "the second derivative of the scores")


def _total(part: Part, given: Inputs) -> Tensor:
    return forward(part, given).double().sum()


def _gradient_norm(part: Part, given: Inputs) -> Tensor:
    return gradient_norm(_total(part, given), given[0])
