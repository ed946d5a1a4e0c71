"""What parts observe while they run, until `Part.update_buffers` reads it: means, and some of the rows."""

from abc import ABC, abstractmethod
from typing import Protocol

import torch
from torch import Tensor

from gancore.component.precision import at_least_float32
from gancore.component.randomness import uniform


class Processes(Protocol):
    """The processes that train one model."""

    world: int

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes."""

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes."""


class Observed(ABC):
    """Something observed in `forward`, over all micro-batches and processes of an update."""

    @abstractmethod
    def clear(self) -> None:
        """Forget what was observed."""

    @abstractmethod
    def join(self, processes: Processes) -> None:
        """Add what the other processes observed."""


class RunningMean(Observed):
    """A mean of values observed in `forward`.

    Sum and count are accumulated over micro-batches and ranks before `Part.update_buffers` reads the mean.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget what was observed."""
        self.total: Tensor | None = None
        self.count = 0.0

    def add(self, total: Tensor, count: float) -> None:
        """Observe `count` samples whose sum is `total`; gradients are dropped."""
        total = at_least_float32(total.detach())
        self.total = total if self.total is None else self.total + total
        self.count += count

    def join(self, processes: Processes) -> None:
        """Add the sums and counts of the other processes."""
        if self.total is not None:
            self.total = processes.sum(self.total)
            self.count *= processes.world

    @property
    def mean(self) -> Tensor | None:
        """The mean over all observed samples, or None if there were none."""
        return None if self.total is None else self.total / self.count


class RandomRows(Observed):
    """Up to `most` of the rows observed in `forward`, each choice of them equally likely.

    Every row draws a number through `gancore.component.randomness`, and those with the smallest are kept:
    micro-batches and processes keep what one whole batch does, in the same order.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.clear()

    def clear(self) -> None:
        """Forget what was observed."""
        self.rows: Tensor | None = None
        """`(M, D)` with M ≤ `most`, in random order; None if there were none."""
        self._numbers: Tensor | None = None

    def add(self, rows: Tensor) -> None:
        """Observe the P rows `(N, P, D)` of each of N samples; gradients are dropped."""
        rows = rows.detach()
        numbers = uniform(*rows.shape[:2], like=rows).flatten()
        rows = rows.flatten(0, 1)
        if self.rows is not None and self._numbers is not None:
            rows, numbers = torch.cat([self.rows, rows]), torch.cat([self._numbers, numbers])
        self._keep(rows, numbers)

    def join(self, processes: Processes) -> None:
        """Choose among the rows of all processes."""
        if self.rows is not None and self._numbers is not None:
            self._keep(processes.gather(self.rows), processes.gather(self._numbers))

    def _keep(self, rows: Tensor, numbers: Tensor) -> None:
        order = numbers.sort(stable=True).indices[: self.most]  # stable: equal numbers stay in order
        self.rows, self._numbers = rows[order], numbers[order]
