"""Conditioners: from a latent and a label to the generator's code."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gancore.component.interfaces import Conditioner, Shape
from gancore.component.part import fact, field, part
from gancore.component.validators import at_least, whole
from gancore.errors import FitError
from gancore.nn.labels import LabelEmbedding, check_classes, given_label, one_hot

__all__ = ["Embedding", "Identity", "OneHot"]


@part("identity")
class Identity(Conditioner):
    """The code is the latent; labels are ignored."""

    @property
    def latent_shape(self) -> Shape:
        """The shape of one code."""
        return tuple(self.code)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """The latent, unchanged."""
        return latent


@part("one-hot")
class OneHot(Conditioner):
    """Concatenates the latent and the label, one-hot or a row of numbers.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, section 3.2 and fig. 1. The code is (latent, label); the
    paper maps each to a hidden layer of its own before joining them, which is left to the generator.

    Raises:
        FactError: the data have no labels.
        FitError: the generator's code is not flat or has no room for a latent, or no label was given.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")

    @property
    def latent_shape(self) -> Shape:
        """The part of the code that the label leaves to the latent."""
        return (self.code[0] - self.classes,)

    def build(self) -> None:
        """Checks that the label fits into the code."""
        _check(self, self.classes)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, code - K)` and `(N,)` int64 or `(N, K)` float → `(N, code)`."""
        return torch.cat(
            [latent, one_hot(given_label(self, label, "conditioner/identity"), self.classes).to(latent)],
            dim=1,
        )


@part("embedding")
class Embedding(Conditioner):
    """Concatenates the latent and a learned embedding of the class; a row of numbers gives the sum of the
    embeddings with these weights, so a soft label a mixture.

    Paper: Mirza & Osindero 2014, arXiv:1411.1784, section 3.2, with the first linear layer over the one-hot
    label learned and joined to the latent as it is; the embedding is the shared one of Brock et al. 2018
    (BigGAN), arXiv:1809.11096, section 3, without its projections. Initial entries are N(0, 1), as large as
    those of a normal latent, unless `deviation` says otherwise.

    Raises:
        FactError: the data have no labels.
        FitError: the generator's code is not flat or has no room for a latent, or no label was given.
    """

    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes K, given by the data")
    size: int = field(default=64, validator=whole(1), help="length of a class embedding")
    deviation: float = field(
        default=1.0, validator=at_least(0), help="standard deviation of the initial entries", scheduled=False
    )

    @property
    def latent_shape(self) -> Shape:
        """The part of the code that the embedding leaves to the latent."""
        return (self.code[0] - self.size,)

    @property
    def embedding_size(self) -> int:
        """The length of the embedding, the last numbers of the code."""
        return self.size

    def build(self) -> None:
        """Creates the embedding table."""
        _check(self, self.size)
        self.table = LabelEmbedding(self.classes, self.size)
        if self.deviation != 1:
            nn.init.normal_(self.table.weight, std=self.deviation)

    def forward(self, latent: Tensor, label: Tensor | None = None) -> Tensor:
        """`(N, code - size)` and `(N,)` int64 or `(N, K)` float → `(N, code)`."""
        found: Tensor = self.table(given_label(self, label, "conditioner/identity"))
        return torch.cat([latent, found.to(latent)], dim=1)


def _check(part: Any, room: int) -> None:
    check_classes(part, "conditioner/identity")
    if len(part.code) != 1:
        raise FitError(
            f"{part.qualified_name} makes flat codes, but the generator reads codes of shape "
            f"{tuple(part.code)}; use another conditioner or generator"
        )
    if part.code[0] <= room:
        raise FitError(
            f"{part.qualified_name} puts {room} numbers for the label into a code of {part.code[0]}, "
            "which leaves none for the latent; "
            f"give the generator a code longer than {room}"
        )
