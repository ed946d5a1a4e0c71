"""Checks gradients: slopes in a random direction, compared with finite differences."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from gancore.component.part import Part
from gancore.testing.check import ensure
from gancore.testing.forward import Inputs, disturb, inputs
from gancore.testing.trial import Trial

Energy = Callable[[Part, Inputs], Tensor]


STEPS = (1e-7, 1e-8, 1e-6, 1e-5, 1e-3)
"""Step sizes in float64; small ones, which cross few kinks, come first."""
POINTS = 2
"""The points that are tried, one after the other."""


def gradient_norm(scalar: Tensor, at: Tensor) -> Tensor:
    """Half the squared norm of the scalar's gradient at an input; zero where it does not depend on it."""
    (gradient,) = torch.autograd.grad(
        scalar, at, create_graph=True, allow_unused=True, materialize_grads=True
    )
    return gradient.square().sum() / 2


def ensure_slope(trial: Trial[Any], energy: Energy, tolerance: float, what: str) -> None:
    """Compares the slope of `energy` in a random direction of input and weights, in float64, with differences
    over several steps.

    A step that crosses a kink of a piecewise-linear network gives a wrong difference, so it is enough that
    one step agrees. At a point beside a kink all steps cross it, so a second point is tried.
    """
    part = trial.part.double().train()
    for _ in range(POINTS):
        # initial weights may be at a point without a slope: instance norm of a constant map, a kink at zero
        disturb(part)
        slope, along = _slope(trial, part, energy, what)
        found = []
        for step in STEPS:
            found.append(difference(along, step))
            if _near(found[-1], slope, tolerance):
                return
    ensure_near(min(found, key=lambda one: float((one - slope).abs())), slope, tolerance, what)


def _slope(
    trial: Trial[Any], part: Part, energy: Energy, what: str
) -> tuple[Tensor, Callable[[float], Tensor]]:
    """The slope in a random direction by the gradients, and the energy by the length of a step along it."""
    read, label = inputs(trial, part)
    read = read.double().requires_grad_()
    twin = deepcopy(part)
    moved = [read, *(p for p in twin.parameters() if p.requires_grad)]
    value = energy(twin, (read, label))
    ensure(value.requires_grad, f"{what} does not exist; the result does not depend on input and weights")
    gradients = torch.autograd.grad(value, moved, allow_unused=True, materialize_grads=True)
    directions = [
        _direction(g, p, trial.rng(f"direction {i}"))
        for i, (g, p) in enumerate(zip(gradients, moved, strict=True))
    ]

    def along(step: float) -> Tensor:
        other = deepcopy(part)
        weights = [p for p in other.parameters() if p.requires_grad]
        with torch.no_grad():
            for p, d in zip(weights, directions[1:], strict=True):
                p.add_(step * d)
        return energy(other, ((read.detach() + step * directions[0]).requires_grad_(), label)).detach()

    return torch.stack([(g * d).sum() for g, d in zip(gradients, directions, strict=True)]).sum(), along


def _direction(gradient: Tensor, at: Tensor, rng: torch.Generator) -> Tensor:
    """A random direction with the scale of the tensors, tilted toward the gradient so that the slope along it
    is not small.
    """
    noise = torch.randn(at.shape, generator=rng, dtype=torch.float64)
    size = at.detach().square().mean().sqrt() + 1e-3
    along = gradient.detach() / (gradient.detach().square().mean().sqrt() + 1e-30)
    return size * (noise + along)


def difference(function: Callable[[float], Tensor], step: float) -> Tensor:
    """The central difference of a function at zero."""
    return (function(step) - function(-step)) / (2 * step)


def ensure_near(found: Tensor, expected: Tensor, tolerance: float, what: str) -> None:
    """Raises ContractError unless a slope agrees with its finite difference to a relative tolerance."""
    ensure(
        _near(found, expected, tolerance),
        f"{what} is {float(expected):.6g} in some direction, but by finite differences {float(found):.6g}",
    )


def _near(found: Tensor, expected: Tensor, tolerance: float) -> bool:
    off = float((found - expected).detach().abs())
    return off <= tolerance * max(float(expected.detach().abs()), float(found.detach().abs()), 1e-6)
