"""Checks of augments, besides those of all networks."""

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check
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
