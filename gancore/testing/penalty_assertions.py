"""Assertions about regularizers of both players."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from gancore.component.part import Part
from gancore.component.randomness import Rows, own_rows
from gancore.component.weights import load_state
from gancore.testing.check import ensure
from gancore.testing.forward import update_buffers
from gancore.testing.toy_networks import Watched
from gancore.testing.trial import Trial

P = TypeVar("P", bound=Part)


def ensure_descends(value: Tensor, module: nn.Module) -> None:
    """Raises ContractError unless the penalty is one finite float32 scalar that is zero, or has a finite
    gradient in the module's weights that is not all zero.
    """
    fine = value.dim() == 0 and value.dtype == torch.float32 and bool(value.isfinite())
    ensure(fine, f"it is {value.dtype} {value.tolist()}, expected one finite torch.float32 scalar")
    if not value:
        return
    ensure(value.requires_grad, "it cannot be differentiated in the player's weights")
    value.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    ensure(any(bool(g.any()) for g in gradients), "its gradient is zero in all weights of the player")
    ensure(all(bool(g.isfinite().all()) for g in gradients), "its gradient is not finite")


def ensure_exact(whole: Tensor, penalty: Callable[[slice], Tensor]) -> None:
    """Raises ContractError unless the penalty of 4 rows is the mean of the penalties of the two halves."""
    pieces = []
    for start in (0, 2):
        with own_rows(Rows(4, start, start + 2)):
            pieces.append(penalty(slice(start, start + 2)))
    mean = torch.stack(pieces).mean()
    text = f"it is {whole.tolist()} for a batch, but {mean.tolist()} as the mean over its halves"
    advice = "take batch means and draw through gancore.component.randomness, or tag the part `batch`"
    ensure(torch.allclose(whole, mean, rtol=1e-4, atol=1e-6), f"{text}; {advice}")


class nothing_left:
    """Compares modules and an image before and after. `allowed`: an image for which the recipe itself
    requested gradients.
    """

    def __init__(
        self, first: nn.Module, second: nn.Module, image: Tensor, allowed: Tensor | None = None
    ) -> None:
        self.tensors: dict[str, Tensor] = {
            f"{side} {n}": p
            for side, m in (("its", first), ("the other's", second))
            for n, p in m.named_parameters()
        }
        self.tensors["image or code"] = image
        self.modules, self.allowed = (first, second), allowed

    def __enter__(self) -> None:
        self.before = {name: (t.requires_grad, t.detach().clone()) for name, t in self.tensors.items()}

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        for name, t in self.tensors.items():
            flag, value = self.before[name]
            ensure(
                t.grad is None, f"it leaves a gradient behind ({name}); use torch.autograd.grad, not backward"
            )
            ensure(
                t.requires_grad == flag or t is self.allowed,
                f"it leaves requires_grad {t.requires_grad} behind ({name}), was {flag}",
            )
            ensure(torch.equal(t.detach(), value), f"it changes values in place ({name})")
        ensure(all(m.training for m in self.modules), "it leaves a network in eval mode")


def ensure_declared(part: Part, *records: Watched) -> None:
    """Raises ContractError if the part has read labels or features and its class does not say so."""
    asked = set[str]().union(*(record.asked for record in records))
    for name, flag in (("label", "conditional"), ("features", "reads_features")):
        ensure(
            name not in asked or getattr(part, flag),
            f"it reads {name}, but does not say {flag} = True in its class",
        )


def ensure_remembered(trial: Trial[P], penalty: Callable[[Trial[P]], Tensor]) -> None:
    """Raises ContractError unless the penalty goes on from its state dict after two updates."""
    for _ in range(2):
        penalty(trial)
        update_buffers(trial.part)
    other = Trial[P](trial.configuration, n=trial.n, seed=trial.seed)
    load_state(other.part, trial.part.state_dict())
    ensure(
        torch.equal(penalty(other), penalty(trial)),
        "after two updates, another one that loaded its state dict gives another penalty; keep what it "
        "learns in parameters and buffers",
    )
