"""From logits to an index: temperature, top-k, top-p, and the inverse of the distribution function."""

import math

import torch
from torch import Tensor

from gancore.component.precision import at_least_float32

__all__ = ["drawn", "filtered"]


def filtered(logits: Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Logits `(…, K)` divided by the temperature, and -∞ for the indices that are not to be drawn; float32.

    `top_k` keeps the k most probable indices and those that are as probable as the last of these (0: all),
    `top_p` the fewest that together have this probability, the most probable first (nucleus sampling,
    Holtzman et al. 2019, arXiv:1904.09751, section 3.1); 1 keeps all. The three apply in this order.
    """
    logits = at_least_float32(logits) / temperature
    if 0 < top_k < logits.shape[-1]:
        least = logits.topk(top_k).values[..., -1:]  # (…, 1)
        logits = logits.masked_fill(logits < least, -math.inf)
    if top_p < 1:
        ranked, order = logits.sort(descending=True, stable=True)
        probability = ranked.softmax(-1)
        before = probability.cumsum(-1) - probability  # that of all more probable ones
        dropped = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= top_p)
        logits = logits.masked_fill(dropped, -math.inf)
    return logits


def drawn(logits: Tensor, noise: Tensor) -> Tensor:
    """Logits `(…, K)` and one number in [0, 1) for each distribution `(…)` → indices `(…)` int64.

    The index k is that with F(k - 1) ≤ u < F(k), F the distribution function. In float64, so that an index of
    probability 0 is never drawn and the largest u is below F(K - 1).
    """
    reached = logits.double().softmax(-1).cumsum(-1)  # F, (…, K)
    wanted = noise.double().unsqueeze(-1) * reached[..., -1:]  # (…, 1)
    return torch.searchsorted(reached, wanted, right=True).squeeze(-1)
