"""Noise for long chains of draws, where each row has a generator of its own."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor


class RowNoise:
    """A source for `drawn_from`: row i of all noise comes from a generator that row i of `seeds` seeds.

    A sampler that is a long Markov chain needs more noise than can be drawn at once. It draws `SHAPE` uniform
    numbers for each row from its `rng`, and here they grow into as many as the chain asks for. A row is the
    same whatever other rows there are. A seed has the 32 bits that torch's generator of the CPU reads: among
    10,000 rows two are the same with a probability of 1 %.
    """

    SHAPE: ClassVar[tuple[int, ...]] = (2,)
    """The shape of one seed, numbers in [0, 1)."""

    def __init__(self, seeds: Tensor) -> None:
        bits = (seeds.double().cpu() * 2**16).long()  # (N, 2), 16 bits of each
        numbers = bits[:, 0] << 16 | bits[:, 1]  # (N,)
        self.generators = [torch.Generator().manual_seed(number) for number in numbers.tolist()]

    def __call__(self, draw: Callable[..., Tensor], n: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """`(n, *shape)`, from `draw` (`torch.randn` or `torch.rand`), on the device of `like`."""
        return torch.stack([draw(shape, generator=rng) for rng in self.generators]).to(like.device)
