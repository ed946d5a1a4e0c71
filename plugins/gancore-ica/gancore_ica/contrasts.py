"""The contrast functions of FastICA, by the derivatives that its iteration needs."""

from abc import abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.part import Part, field, interface, part
from gancore.component.validators import within


class Derivatives(NamedTuple):
    """g and g' at each projection, both `(N, k)`."""

    first: Tensor
    second: Tensor


@interface("contrast")
class Contrast(Part):
    """A function G whose expectation E G(wᵀx) tells how far a projection of unit variance is from Gaussian:
    `(projections)` → g = G' and g' = G'', up to a common factor, which no fixed point depends on.
    """

    @abstractmethod
    def forward(self, u: Tensor) -> Derivatives:
        """`(N, k)` → g(u) and g'(u)."""


@part("logcosh")
class LogCosh(Contrast):
    """G(u) = 1/a log cosh(a u), g(u) = tanh(a u): good for most sources.

    Paper: Hyvärinen 1999, Fast and robust fixed-point algorithms for independent component analysis, IEEE
    Transactions on Neural Networks 10, whose a is from 1 to 2.
    """

    alpha: float = field(default=1.0, validator=within(1, 2), help="a, from 1 to 2")

    def forward(self, u: Tensor) -> Derivatives:
        """tanh(a u) and a (1 - tanh²(a u))."""
        g = torch.tanh(self.alpha * u)
        return Derivatives(g, self.alpha * (1 - g.square()))


@part("exp")
class Exp(Contrast):
    """G(u) = -exp(-u²/2), g(u) = u exp(-u²/2): robust, for sources that are nearly always near 0.

    Paper: Hyvärinen 1999, Fast and robust fixed-point algorithms for independent component analysis, IEEE
    Transactions on Neural Networks 10.
    """

    def forward(self, u: Tensor) -> Derivatives:
        """u exp(-u²/2) and (1 - u²) exp(-u²/2)."""
        bell = torch.exp(-u.square() / 2)
        return Derivatives(u * bell, (1 - u.square()) * bell)


@part("cube")
class Cube(Contrast):
    """G(u) = u⁴/4, g(u) = u³: the kurtosis, which single large values decide.

    Papers: Hyvärinen & Oja 1997, A fast fixed-point algorithm for independent component analysis, Neural
    Computation 9; Hyvärinen 1999.
    """

    def forward(self, u: Tensor) -> Derivatives:
        """u³ and 3 u²."""
        return Derivatives(u**3, 3 * u.square())
