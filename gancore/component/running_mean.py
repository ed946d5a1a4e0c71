"""A mean of values that parts observe while they run."""

from torch import Tensor

from gancore.component.precision import at_least_float32


class RunningMean:
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

    @property
    def mean(self) -> Tensor | None:
        """The mean over all observed samples, or None if there were none."""
        return None if self.total is None else self.total / self.count
