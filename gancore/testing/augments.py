"""Checks of augments, besides those of all networks."""

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.randomness import seeded
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.forward import forward
from gancore.testing.slopes import difference, ensure_near
from gancore.testing.trial import Trial


@check(Augment)
def keeps_the_shape(trial: Trial[Augment]) -> None:
    """Images of any shape keep their shape."""
    for shape in ((3, 16, 16), (1, 8, 12), (4, 10, 10)):
        image = trial.images(trial.n, *shape)
        ensure_shape(forward(trial.part, (image, None)), image.shape, "a batch of augmented images")


@check(Augment)
def says_which_images_it_replaces(trial: Trial[Augment]) -> None:
    """What it replaces is one truth value for each image, and a class that replaces any says so."""
    part = trial.part
    with seeded(trial.seed):
        which = part.replaced(trial.images(3, 3, 16, 16))
    fine = which.dtype == torch.bool and which.shape == (3,)
    ensure(fine, f"of 3 images it replaces {which}, expected 3 truth values")
    own = type(part).replaced is not Augment.replaced
    ensure(part.replaces or not (own and which.any()), "it replaces images, but does not say replaces = True")


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
        ensure_near(
            difference(lambda step: energy(image + step * direction), 1e-4),
            (gradient * direction).sum(),
            1e-3,
            "the gradient",
        )
    (second,) = torch.autograd.grad((gradient * direction).sum(), image)

    def slope(step: float) -> Tensor:
        moved = (image.detach() + step * direction).requires_grad_()
        return (torch.autograd.grad(energy(moved), moved)[0] * direction).sum()

    ensure_near(difference(slope, 1e-4), (second * direction).sum(), 1e-3, "the second derivative")
