"""Mean and covariance of features, accumulated batch by batch in float64."""

import attrs
import torch
from torch import Tensor


@attrs.define
class Moments:
    """Sums over `count` features of width D, which give the mean `(D,)` and unbiased covariance `(D, D)`,
    float64.

    The sums are taken about the mean of the first batch, which avoids cancellation.
    """

    count: int = 0
    shift: Tensor | None = None
    total: Tensor | None = None
    products: Tensor | None = None

    @classmethod
    def of(cls, features: Tensor) -> "Moments":
        """The moments of all rows `(N, D)`."""
        moments = cls()
        for batch in torch.split(features, 4096):
            moments.add(batch)
        return moments

    def add(self, features: Tensor) -> None:
        """Adds rows `(n, D)`."""
        rows = features.double()
        if self.shift is None:
            self.shift = rows.mean(0)
            self.total, self.products = (
                torch.zeros_like(self.shift),
                self.shift.new_zeros(rows.shape[1], rows.shape[1]),
            )
        rows = rows - self.shift
        self.count += len(rows)
        self.total = _known(self.total) + rows.sum(0)
        self.products = torch.addmm(_known(self.products), rows.T, rows)

    @property
    def mean(self) -> Tensor:
        """`(D,)`."""
        return _known(self.shift) + _known(self.total) / self.count

    @property
    def covariance(self) -> Tensor:
        """`(D, D)`, divided by one less than the count."""
        total = _known(self.total)
        return (_known(self.products) - torch.outer(total, total) / self.count) / (self.count - 1)


def _known(value: Tensor | None) -> Tensor:
    assert value is not None, "add features first"
    return value
