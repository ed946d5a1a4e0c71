"""Assertions shared by the checks of several kinds, with one message for each failure."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from gancore.component.part import Part
from gancore.component.randomness import seeded
from gancore.testing.check import ensure


def ensure_shape(made: Tensor, expected: Iterable[int], what: str) -> None:
    """Raises ContractError unless the tensor has the shape."""
    ensure(
        tuple(made.shape) == tuple(expected),
        f"{what} has shape {tuple(made.shape)}, expected {tuple(expected)}",
    )


def ensure_close(found: Tensor, expected: Tensor, tolerance: float, text: str) -> None:
    """Raises ContractError with `text` unless the tensors agree to `tolerance` of the largest value."""
    ensure(
        found.shape == expected.shape, f"{text}: shape {tuple(found.shape)}, expected {tuple(expected.shape)}"
    )
    scale = float(expected.detach().double().abs().max())
    worst = float((found.detach().double() - expected.detach().double()).abs().max())
    ensure(
        worst <= tolerance * max(scale, 1e-3), f"{text} (off by {worst:.2g} where values reach {scale:.2g})"
    )


def ensure_float32(made: Tensor, when: str) -> None:
    """Raises ContractError unless a result is float32 and finite."""
    ensure(
        made.dtype == torch.float32,
        f"{when} it gives {made.dtype}, expected torch.float32; "
        "return at_least_float32 of it (gancore.component.precision)",
    )
    ensure(made.isfinite().all().item(), f"{when} it gives non-finite values")


def ensure_finite_gradients(part: Part) -> None:
    """Raises ContractError unless all existing gradients are finite."""
    wrong = [
        name for name, p in part.named_parameters() if p.grad is not None and not p.grad.isfinite().all()
    ]
    ensure(not wrong, f"the gradient of {', '.join(wrong[:4])} is not finite")


def untouched(before: Tensor) -> bool:
    """Whether the global generator is still in the state `before`."""
    return torch.equal(torch.random.get_rng_state(), before)


def ensure_repeatable(draw: Callable[[], Tensor]) -> None:
    """Raises ContractError unless every call draws the same, under any state of the global generator, and
    leaves that state unchanged.
    """
    first = draw()
    with seeded(12345):
        before = torch.random.get_rng_state()
        draws = [draw(), draw()]
        ensure(untouched(before), "drawing advances the global generator; draw from `rng`")
    ensure(
        all(torch.equal(made, first) for made in draws),
        "equal generators give different draws; draw every number from `rng`",
    )
