"""Whether all that a training keeps is finite: weights, buffers, averaged copies, state of optimizers."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from gancore.recipes.base import Recipe
from gancore.training.norms import norms_of
from gancore.training.player_optimizer import PlayerOptimizer

MANY = 4_000_000
"""Numbers of the state that are looked at in a step, on average; gradients are looked at in each."""


class FiniteState:
    """Watches the state of a recipe and its optimizers. What is not finite from the start, as a mask of -inf,
    is meant so and not watched.
    """

    def __init__(self, recipe: Recipe, player_optimizers: Mapping[str, PlayerOptimizer]) -> None:
        self.player_optimizers = player_optimizers
        self._slots = [slot for slot in _slots(recipe) if _finite(slot[1][slot[2]])]

    @cached_property
    def every(self) -> int:
        """The steps from one look to the next, more for a larger state; asked for after the first step."""
        return max(1, sum(tensor.numel() for tensor in self._all()) // MANY)

    def broken(self) -> tuple[str, float] | None:
        """The first entry that is not finite, and what it holds; None where all are finite.

        One norm for each tensor tells; only where one is not finite, as may be for large values too, is each
        number looked at.
        """
        if _finite(torch.stack(_norms(self._all()))):
            return None
        wrong = ((name, tensor[~tensor.isfinite()]) for name, tensor in self._tensors())
        return next(((name, float(values[0])) for name, values in wrong if len(values)), None)

    def _all(self) -> list[Tensor]:
        weights = [store[key] for _, store, key in self._slots if store.get(key) is not None]
        states = [
            s for p in self.player_optimizers.values() if p.optimizer for s in p.optimizer.state.values()
        ]
        moments = [v for state in states for v in state.values() if isinstance(v, Tensor)]
        return [*weights, *(m for m in moments if m.is_floating_point())]

    def _tensors(self) -> Iterator[tuple[str, Tensor]]:
        for name, store, key in self._slots:
            if (value := store.get(key)) is not None:
                yield name, value.detach()
        for player in self.player_optimizers.values():
            for address, value in player.state()[0].items():
                if value.is_floating_point():
                    yield f"the optimizer's {address}", value


def _slots(recipe: Recipe) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Where the tensors are that a checkpoint holds; looked up anew each time, since they may be replaced."""
    for path, module in recipe.named_modules():
        for key, value in [*module._parameters.items(), *_saved_buffers(module)]:
            if value is not None and value.is_floating_point():
                store: Any = module._parameters if key in module._parameters else module._buffers
                yield f"{path}.{key}".lstrip("."), store, key


def _saved_buffers(module: nn.Module) -> list[tuple[str, Tensor | None]]:
    return [(k, v) for k, v in module._buffers.items() if k not in module._non_persistent_buffers_set]


def _norms(tensors: list[Tensor]) -> list[Tensor]:
    with torch.no_grad():
        return [norm.float() for norm in norms_of(tensors)] or [torch.zeros(())]


def _finite(tensor: Tensor) -> bool:
    return bool(tensor.isfinite().all())
