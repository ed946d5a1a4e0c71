"""Labels as vectors, and the errors of parts that need labels when there are none."""

from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional

from gancore.errors import FactError, FitError

__all__ = [
    "LabelEmbedding",
    "check_classes",
    "check_whole_classes",
    "embedded",
    "given_class",
    "given_label",
    "one_hot",
]


class Reader(Protocol):
    """A part that reads labels."""

    classes: int

    @property
    def qualified_name(self) -> str:
        """Its kind and name."""
        ...


def one_hot(label: Tensor, classes: int) -> Tensor:
    """`(N,)` int64 → `(N, K)` float32; soft labels `(N, K)` are unchanged."""
    return label if label.is_floating_point() else functional.one_hot(label, classes).float()


def embedded(label: Tensor, table: Tensor) -> Tensor:
    """Rows of a table `(K, D)` by labels `(N,)` int64, mixtures of rows by soft ones `(N, K)`: `(N, D)`."""
    if label.is_floating_point():
        return (label.to(table) @ table).to(table)
    return functional.embedding(label, table)


class LabelEmbedding(nn.Embedding):
    """A learned vector for each class; soft labels give a mixture of the vectors."""

    def forward(self, label: Tensor) -> Tensor:
        """`(N,)` int64 or `(N, K)` float → `(N, D)`."""
        return embedded(label, self.weight)


def check_classes(part: Reader, instead: str) -> None:
    """Raises FactError, naming the part to use instead, if the data have no labels."""
    if part.classes < 1:
        raise FactError(
            f"{part.qualified_name}: the data have no labels; give labeled data, or use {instead}"
        )


def check_whole_classes(part: Reader, label_shape: tuple[int, ...], instead: str) -> None:
    """As `check_classes`; and raises FitError if the labels of the data are rows of numbers."""
    check_classes(part, instead)
    if label_shape:
        raise FitError(
            f"{part.qualified_name} compares classes, whole numbers, but the labels of the data are rows of "
            f"{label_shape[0]} numbers; use auxiliary/acgan, or data with classes"
        )


def given_label(part: Reader, label: Tensor | None, instead: str) -> Tensor:
    """The label. Raises FitError where there is none, with the part to use instead, or where a row is not as
    long as `part.classes`.
    """
    if label is None:
        raise FitError(f"{part.qualified_name} reads labels, but got none; give labels, or use {instead}")
    if label.is_floating_point() and label.shape[1:] != (part.classes,):
        raise FitError(
            f"{part.qualified_name} reads labels of {part.classes} numbers, (N, {part.classes}), but got "
            f"{tuple(label.shape)}; give one number for each class"
        )
    return label


def given_class(part: Reader, label: Tensor | None, instead: str) -> Tensor:
    """The label, int64 `(N,)`. Raises FitError where there is none, or where it is a row of numbers."""
    label = given_label(part, label, instead)
    if label.is_floating_point():
        raise FitError(
            f"{part.qualified_name} compares classes, int64 (N,), but got labels {tuple(label.shape)} of "
            "numbers; use auxiliary/acgan, or data with classes"
        )
    return label
