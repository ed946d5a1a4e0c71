"""Several tensors of different shapes as one latent or code."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["Hierarchy"]


class Hierarchy:
    """Tensors of several shapes, joined into one of shape `(N, D)` and split again, coarse to fine.

    A ladder VAE (Sønderby et al. 2016, arXiv:1602.02282) has a latent for each of its layers, VQ-VAE-2
    (Razavi et al. 2019, arXiv:1906.00446) a map of indices for each scale. The conditioner of such a model
    says `latent_shape = Hierarchy(shapes).shape` and splits what it reads. Indices into several codebooks
    have one size K.

    Raises:
        ValueError: no shapes were given, or a tensor has another shape.
    """

    def __init__(self, shapes: Sequence[Sequence[int]]) -> None:
        self.shapes = tuple(tuple(shape) for shape in shapes)
        if not self.shapes:
            raise ValueError("a hierarchy needs at least one shape; got none")

    @property
    def sizes(self) -> list[int]:
        """The number of values of each tensor."""
        return [math.prod(shape) for shape in self.shapes]

    @property
    def shape(self) -> tuple[int]:
        """`(D,)`, all of them together."""
        return (sum(self.sizes),)

    def join(self, levels: Sequence[Tensor]) -> Tensor:
        """Tensors `(N, *shape)`, one for each shape → `(N, D)`."""
        found = [tuple(level.shape[1:]) for level in levels]
        if found != list(self.shapes):
            raise ValueError(f"expected tensors of shapes {list(self.shapes)} behind N; got {found}")
        return torch.cat([level.flatten(1) for level in levels], 1)

    def split(self, joined: Tensor) -> list[Tensor]:
        """`(N, D)` → tensors `(N, *shape)`."""
        if joined.shape[1:] != self.shape:
            raise ValueError(f"expected (N, {self.shape[0]}); got {tuple(joined.shape)}")
        pieces = torch.split(joined, self.sizes, 1)
        return [piece.reshape(-1, *shape) for piece, shape in zip(pieces, self.shapes, strict=True)]
