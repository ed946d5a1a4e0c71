"""The interface of image sources of any format."""

from abc import ABC, abstractmethod
from typing import Any

import attrs
import numpy.typing as npt

Array = npt.NDArray[Any]


class Unreadable(Exception):
    """An image cannot be read; the message is the reason."""


@attrs.define(frozen=True)
class Raw:
    """One decoded image: pixels (H, W, C), uint8, uint16 or float; whether the last channel is alpha; the
    minimum of its range.
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
            Unreadable: the image cannot be read.
        """

    def measure(self, index: int) -> tuple[int, int, bool, bool] | None:
        """Height, width, whether there is color, and whether there is alpha, without reading the pixels; None
        where that is not possible.

        Raises:
            Unreadable: with the reason.
        """
        return None

    @abstractmethod
    def digest(self) -> str | None:
        """A hash of the content, or None if that would require reading everything."""

    def close(self) -> None:
        """Closes open files."""

    def __len__(self) -> int:
        return len(self.names)
