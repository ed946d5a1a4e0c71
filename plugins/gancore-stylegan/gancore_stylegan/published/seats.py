"""Weights of several parts in one table, each named `seat.…`."""

from collections.abc import Mapping

from torch import Tensor

from gancore import Part
from gancore.published import fill

__all__ = ["fill_seat"]


def fill_seat(
    seat: str,
    part: Part,
    weights: Mapping[str, Tensor],
    cause: str = "the network's settings disagree with its weights",
) -> None:
    """Loads the weights named `seat.…` into a part. Raises CheckpointError, whose message starts with
    `cause`, if they do not fit.
    """
    mine = {
        name.removeprefix(f"{seat}."): value for name, value in weights.items() if name.startswith(f"{seat}.")
    }
    fill(part, mine, cause)
