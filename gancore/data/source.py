"""What every source of images offers, whatever its format."""

from abc import ABC, abstractmethod
from typing import Any

import attrs
import numpy.typing as npt

Array = npt.NDArray[Any]


class Unreadable(Exception):
    """One image cannot be read; its message is the reason."""


@attrs.define(frozen=True)
class Raw:
    """One decoded image: pixels (H, W, C), uint8, uint16 or float; whether the last channel is alpha; the
    least value of its range.
    """

    pixels: Array
    alpha: bool = False
    low: float | None = 0.0


class Source(ABC):
    """Named images in a fixed order, each read on demand."""

    title: str
    names: list[str]
    notes: tuple[str, ...] = ()

    @abstractmethod
    def read(self, index: int) -> Raw:
        """Image number `index`.

        Raises:
            Unreadable: with the reason.
        """

    @abstractmethod
    def digest(self) -> str | None:
        """A hash of the content, or None where only reading everything could tell."""

    def close(self) -> None:
        """Let go of open files."""

    def __len__(self) -> int:
        return len(self.names)
