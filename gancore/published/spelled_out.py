"""A bound on what the values of a pickle are, spelled out: a small file may repeat one value without end."""

from collections.abc import Mapping

from torch import Tensor

from gancore.component.weights import bytes_of
from gancore.published.refusals import Refused

__all__ = ["SpelledOut", "check_distinct"]

MOST_CHARACTERS = 5_000_000
"""The maximum length of all names, an entry counting 20 more; those of StyleGAN2 at 1024×1024 are 300,000."""
PER_ENTRY = 20
MOST_NAMES = 8
"""The maximum number of names that the numbers of a network have on average; layers may be shared."""


class SpelledOut:
    """Counts what was looked at so far, each entry by the length of its name.

    Args:
        most: characters; where more are spent, a Refused is raised.
    """

    def __init__(self, most: int = MOST_CHARACTERS) -> None:
        self.left = most

    def spend(self, entries: int, length: int = 0) -> None:
        """Counts entries whose names begin with as many characters. Raises Refused."""
        self.left -= entries * (length + PER_ENTRY)
        if self.left < 0:
            raise Refused("one value that is referred to over and over")


def check_distinct(tensors: Mapping[str, Tensor]) -> None:
    """Refuses tensors that show the same numbers over and over: each would become numbers of its own.

    Raises:
        Refused: their numbers have more than eight names on average.
    """
    storages = (tensor.untyped_storage() for tensor in tensors.values())
    held = {storage.data_ptr(): storage.nbytes() for storage in storages}
    if bytes_of(tensors) > MOST_NAMES * sum(held.values()):
        raise Refused(f"{len(tensors)} tensors that are the same numbers over and over")
