"""What generators, discriminators, encoders and augments promise beyond what every network does."""

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor

from gancore.component.interfaces import Augment, Discriminator, Encoder, Generator
from gancore.component.part import Part
from gancore.testing.check import check, ensure
from gancore.testing.forward import Inputs, classes_of, forward, inputs
from gancore.testing.networks import ensure_shape, reads_labels, reads_no_labels
from gancore.testing.trial import Trial


@check(Generator)
def makes_images(trial: Trial[Generator]) -> None:
    """It makes images `(N, C, H, W)` of the shape that it was told."""
    made = forward(trial.part, inputs(trial, trial.part))
    ensure_shape(made, (trial.n, *trial.part.image), "a batch of images")


@check(Generator)
def every_code_gives_another_image(trial: Trial[Generator]) -> None:
    """In eval mode other codes give other images, under the same noise."""
    part = trial.part.eval()
    code, label = inputs(trial, part)
    first, other = (forward(part, (given, label)) for given in (code, code.flip(0).neg()))
    ensure(not torch.allclose(first, other, rtol=0, atol=1e-7), "another code gives the same image")


@check(Discriminator)
def scores_images(trial: Trial[Discriminator]) -> None:
    """Scores are `(N,)` or `(N, 1, h, w)`, and are what `forward_head` makes of `forward_features`."""
    part = trial.part.eval()
    image, label = inputs(trial, part)
    scores = forward(part, (image, label))
    fine = scores.shape == (trial.n,) or (scores.dim() == 4 and scores.shape[:2] == (trial.n, 1))
    ensure(
        fine,
        f"scores of {trial.n} images have shape {tuple(scores.shape)}, expected ({trial.n},) or ({trial.n}, "
        "1, h, w)",
    )
    judged = part.forward_head(part.forward_features(image), label)
    ensure(
        torch.allclose(judged.float(), scores, atol=1e-6),
        "forward_head(features(image), label) gives other scores than the part itself",
    )


@check(Discriminator, excuse=reads_labels)
def every_label_changes_the_scores(trial: Trial[Discriminator]) -> None:
    """Under one image, every label gives another score."""
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
    """A discriminator that reads no labels takes them, and gives the same scores."""
    image, _ = inputs(trial, trial.part.eval())
    with_label = forward(trial.part, (image, trial.labels(3)))
    ensure(
        torch.equal(with_label, forward(trial.part, (image, None))),
        "a label changes the scores, though `conditional` says no",
    )


@check(Discriminator)
def gradient_is_true(trial: Trial[Discriminator]) -> None:
    """The gradient of the scores, in image and weights, agrees with finite differences."""
    _ensure_slope(trial, _total, 1e-2, "the gradient of the scores")


@check(Discriminator)
def double_backward_is_true(trial: Trial[Discriminator]) -> None:
    """The gradient of the squared norm of the image gradient (R1), in image and weights, agrees with finite
    differences.
    """
    _ensure_slope(trial, _gradient_norm, 1e-3, "the second derivative of the scores")


@check(Encoder)
def encodes_images(trial: Trial[Encoder]) -> None:
    """`code` gives one float32 code for each image, the same in each call in eval mode."""
    part = trial.part.eval()
    image, _ = inputs(trial, part)
    code = part.code(image)
    ensure(
        len(code) == trial.n and code.dtype == torch.float32,
        f"{trial.n} images give codes {tuple(code.shape)} of {code.dtype}",
    )
    ensure(torch.equal(part.code(image), code), "the same images give other codes in a second call")


@check(Augment)
def keeps_the_shape(trial: Trial[Augment]) -> None:
    """Images keep their shape, whatever it is."""
    for shape in ((3, 16, 16), (1, 8, 12), (4, 10, 10)):
        image = trial.images(trial.n, *shape)
        ensure_shape(forward(trial.part, (image, None)), image.shape, "a batch of augmented images")


@check(Augment)
def is_twice_differentiable(trial: Trial[Augment]) -> None:
    """Gradients through it agree with finite differences, and can be differentiated again."""
    image = trial.images(2, 3, 6, 6).double().requires_grad_()
    direction = trial.normal(2, 3, 6, 6, word="direction").double()
    weights = trial.normal(2, 3, 6, 6, word="weights").double()

    def energy(given: Tensor) -> Tensor:
        return (forward(trial.part, (given, None), seed=trial.seed).square() * weights).sum()

    (gradient,) = torch.autograd.grad(energy(image), image, create_graph=True)
    with torch.no_grad():
        _ensure_near(
            _difference(lambda step: energy(image + step * direction), 1e-4),
            (gradient * direction).sum(),
            1e-3,
            "the gradient",
        )
    (second,) = torch.autograd.grad((gradient * direction).sum(), image)

    def slope(step: float) -> Tensor:
        moved = (image.detach() + step * direction).requires_grad_()
        return (torch.autograd.grad(energy(moved), moved)[0] * direction).sum()

    _ensure_near(_difference(slope, 1e-4), (second * direction).sum(), 1e-3, "the second derivative")


Energy = Callable[[Part, Inputs], Tensor]


def _total(part: Part, given: Inputs) -> Tensor:
    return forward(part, given).double().sum()


def _gradient_norm(part: Part, given: Inputs) -> Tensor:
    (gradient,) = torch.autograd.grad(_total(part, given), given[0], create_graph=True)
    return gradient.square().sum() / 2


def _ensure_slope(trial: Trial[Discriminator], energy: Energy, tolerance: float, what: str) -> None:
    """Compares the slope in a random direction of image and weights with differences over several steps; a
    step that crosses a kink of a piecewise-linear network is off, so one of them must agree.
    """
    part = trial.part.double().train()
    image, label = inputs(trial, part)
    image = image.double().requires_grad_()
    twin = deepcopy(part)
    moved = [image, *(p for p in twin.parameters() if p.requires_grad)]
    value = energy(twin, (image, label))
    ensure(value.requires_grad, f"{what} does not exist; the scores do not depend on image and weights")
    gradients = torch.autograd.grad(value, moved, allow_unused=True, materialize_grads=True)
    directions = [
        _direction(g, p, trial.rng(f"direction {i}"))
        for i, (g, p) in enumerate(zip(gradients, moved, strict=True))
    ]
    slope = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))

    def at(step: float) -> Tensor:
        other = deepcopy(part)
        weights = [p for p in other.parameters() if p.requires_grad]
        with torch.no_grad():
            for p, d in zip(weights, directions[1:], strict=True):
                p.add_(step * d)
        return energy(other, ((image.detach() + step * directions[0]).requires_grad_(), label)).detach()

    found = [_difference(at, step) for step in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8)]
    best = min(found, key=lambda difference: float((difference - slope).abs()))
    _ensure_near(best, torch.as_tensor(slope), tolerance, what)


def _direction(gradient: Tensor, at: Tensor, rng: torch.Generator) -> Tensor:
    """A random direction of the size of what it moves, leaning along the gradient, so that the slope in it is
    not small.
    """
    noise = torch.randn(at.shape, generator=rng, dtype=torch.float64)
    size = at.detach().square().mean().sqrt() + 1e-3
    along = gradient.detach() / (gradient.detach().square().mean().sqrt() + 1e-30)
    return size * (noise + along)


def _difference(function: Callable[[float], Tensor], step: float) -> Tensor:
    return (function(step) - function(-step)) / (2 * step)


def _ensure_near(found: Tensor, expected: Tensor, tolerance: float, what: str) -> None:
    off = float((found - expected).detach().abs())
    fine = off <= tolerance * max(float(expected.detach().abs()), float(found.detach().abs()), 1e-6)
    ensure(
        fine, f"{what} is {float(expected):.6g} in some direction, finite differences say {float(found):.6g}"
    )
