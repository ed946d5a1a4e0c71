"""Poisson counts of uniform numbers: the number of draws is fixed, so that it does not depend on rows."""

from functools import cache

import torch
from torch import Tensor

from gancore_esrgan.degradation.canvas import Canvas, inside

__all__ = ["counts", "photons"]

LEVELS = 256
"""The levels of an image, 0 to 255."""
EXPOSURES = tuple(2**power for power in range(9))
"""How many counts the level 255 stands for: powers of two."""
MOST = 512
"""Counts below this are looked for; for a rate of 256 all beyond have a probability below 1e-40."""


def photons(level: Tensor, canvas: Canvas) -> Tensor:
    """How many counts the level 255 of each image stands for, `(N,)` int64: the number of different levels in
    it, rounded up to a power of two, as the released code has it.
    """
    outside = ~inside(canvas).expand_as(level)
    seen = level.new_zeros(len(level), LEVELS + 1)
    seen.scatter_(1, level.masked_fill(outside, LEVELS).flatten(1), 1)
    number = seen[:, :LEVELS].sum(1)
    powers = torch.tensor(EXPOSURES, device=level.device)
    return powers[torch.searchsorted(powers, number)]


def counts(number: Tensor, level: Tensor, exposure: Tensor) -> Tensor:
    """Poisson counts of rates `level / 255 · exposure`, by uniform numbers in [0, 1) of the same shape.

    `level` is int64 `(N, …)` in 0 … 255, `exposure` `(N,)` one of `EXPOSURES`. The count is the smallest k
    with P(X ≤ k) > u, found by halving.
    """
    flat = _table(level.device)
    power = torch.searchsorted(torch.tensor(EXPOSURES, device=level.device), exposure)
    start = (power.reshape(-1, *[1] * (level.dim() - 1)) * LEVELS + level) * MOST
    place: Tensor = start
    half = MOST // 2
    while half:
        place = place.add(flat[half - 1 :].take(place) <= number, alpha=half)
        half //= 2
    return place - start


@cache
def _table(device: torch.device) -> Tensor:
    """P(X ≤ k) for each exposure, level and count k, `(9 · 256 · 512,)` float32."""
    rate = torch.arange(LEVELS, dtype=torch.float64)[:, None] / 255
    count = torch.arange(MOST, dtype=torch.float64)
    table = torch.stack([_cumulative(rate * exposure, count) for exposure in EXPOSURES])
    return table.float().flatten().to(device)


def _cumulative(rate: Tensor, count: Tensor) -> Tensor:
    """P(X ≤ k) of Poisson variables, `(rates, counts)`."""
    log = torch.special.xlogy(count, rate) - rate - torch.lgamma(count + 1)
    cumulative: Tensor = log.exp().cumsum(1)
    return cumulative
