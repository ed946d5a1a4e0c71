"""Options and checks that translators share."""

from typing import Any

from torch import nn

from gancore.component.interfaces import Generator, ImageShape
from gancore.component.part import field
from gancore.component.validators import within
from gancore.errors import FitError
from gancore.nn.dropout import Dropout

__all__ = ["activation", "check_equal_sizes", "dropout_field", "noise_field", "own_statistics_field"]


def dropout_field(default: float, where: str) -> Any:
    """The probability of dropout."""
    return field(
        default=default,
        validator=within(0, 0.99),
        help=f"probability of dropout {where}; 0 for none",
        scheduled=False,
    )


def noise_field() -> Any:
    """Whether dropout is noise, as in Pix2Pix."""
    return field(
        default=False,
        help="keep the dropout when images are translated, as noise; without, it acts in training alone, and "
        "a translation follows from its source",
    )


def own_statistics_field() -> Any:
    """Whether batch normalization is that of one image when images are translated, as in Pix2Pix."""
    return field(
        default=False,
        help="when images are translated, normalize each by its own statistics, as a training with batches "
        "of one does; without, by the running statistics of the training",
    )


def activation(layer: nn.Module, dropout: float, noise: bool) -> nn.Module:
    """A layer, with dropout after it if there is any."""
    return nn.Sequential(layer, Dropout(dropout, always=noise)) if dropout else layer


def check_equal_sizes(generator: Generator, source: ImageShape) -> None:
    """Raises FitError if source and image differ in height or width."""
    if tuple(source[1:]) != tuple(generator.image[1:]):
        raise FitError(
            f"{generator.qualified_name} keeps the size of its source, but the source is "
            f"{source[1]}×{source[2]} and the image {generator.image[1]}×{generator.image[2]}; "
            "open both domains at one size"
        )
