"""A running mean of vectors for each class."""

import torch
from torch import Tensor, nn

from gancore.component.running_mean import RunningMean
from gancore.nn.labels import one_hot

__all__ = ["ClassMeans"]


class ClassMeans(nn.Module):
    """The mean vector of each class: `add(vectors, label)` in training, `(label)` → `(N, width)`.

    Each update of the player moves the means of the classes in its batch, which keep `decay` of themselves;
    other classes keep theirs. Labels are int64 `(N,)`, or float `(N, K)` with weights of the classes, which
    give weighted sums. Means begin at zero.
    """

    def __init__(self, classes: int, width: int, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("means", torch.zeros(classes, width))
        self.seen = RunningMean()

    def add(self, vectors: Tensor, label: Tensor) -> None:
        """Observes vectors `(N, width)` and their labels."""
        weights = one_hot(label, len(self.get_buffer("means"))).to(vectors)  # (N, K)
        counted = torch.cat([vectors, vectors.new_ones(len(vectors), 1)], dim=1)  # (N, width + 1)
        self.seen.add(weights.T @ counted, len(vectors))

    def forward(self, label: Tensor) -> Tensor:
        """The means of the classes of labels, `(N, width)`."""
        means = self.get_buffer("means")
        return one_hot(label, len(means)).to(means) @ means

    def update_buffers(self) -> None:
        """Moves the means of the classes that were seen."""
        if self.seen.mean is None:
            return
        means = self.get_buffer("means")
        seen = self.seen.mean.to(means)  # (K, width + 1)
        total, share = seen[:, :-1], seen[:, -1:]
        moved = means.lerp(total / share.clamp_min(1e-12), 1 - self.decay)
        means.copy_(torch.where(share > 0, moved, means))
