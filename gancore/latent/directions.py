"""Random and principal directions in latent space."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gancore.component.randomness import fold
from gancore.errors import UserError

__all__ = [
    "Directions",
    "principal_directions",
    "random_directions",
    "random_directions_among",
    "response_directions",
    "signed",
]


class Directions(NamedTuple):
    """Orthogonal unit `vectors` `(k, *S)` float32, and the standard deviation `(k,)` of points along each."""

    vectors: Tensor
    deviation: Tensor


def random_directions(shape: Sequence[int], count: int = 2, *, seed: int) -> Tensor:
    """`count` orthogonal unit directions `(count, *shape)`, uniformly distributed; equal seeds give equal
    directions.

    Raises:
        UserError: there are fewer dimensions than that.
    """
    size = math.prod(shape)
    _room(count, size)
    return _orthogonal(_normal(size, count, seed)).reshape(count, *shape).float()


def random_directions_among(points: Tensor, count: int = 2, *, seed: int) -> Tensor:
    """`count` orthogonal unit directions `(count, *S)`, drawn from a normal with the covariance of `points`
    `(N, *S)`.

    Codes fill few of their dimensions: the layers of a StyleGAN read the same w. A direction uniform over all
    dimensions would leave the region of the codes and change little.

    Raises:
        UserError: there are fewer points or dimensions than that.
    """
    flat = points.double().flatten(1)
    _room(count, min(len(flat) - 1, flat.shape[1]))
    return (
        _orthogonal((flat - flat.mean(0)).T @ _normal(len(flat), count, seed))
        .reshape(count, *points.shape[1:])
        .float()
    )


def principal_directions(codes: Tensor, count: int) -> Directions:
    """The directions along which codes `(N, *S)` vary most, in order.

    Paper: Härkönen et al. 2020 (GANSpace), arXiv:2004.02546: principal component analysis of mapped latents
    w. Signs are chosen so that the largest coordinate is positive.

    Raises:
        UserError: fewer codes or dimensions than directions.
    """
    flat = codes.double().flatten(1)
    _room(count, min(len(flat) - 1, flat.shape[1]))
    return _as_directions(*_axes(flat, count), codes.shape[1:])


def response_directions(latents: Tensor, images: Tensor, count: int) -> Directions:
    """The directions of latents `(N, *S)` that change the images `(N, …)` made from them most, in order.

    Paper: Härkönen et al. 2020 (GANSpace), arXiv:2004.02546, for generators whose latents are isotropic
    noise: principal components are computed on the generator's side, and latents are regressed on their
    coordinates. Differences: the components are those of the images, not of the first layer's features; the
    directions are made orthogonal, keeping the first one.

    Raises:
        UserError: fewer latents or dimensions than directions.
    """
    flat, seen = latents.double().flatten(1), images.double().flatten(1)
    _room(count, min(len(flat) - 1, flat.shape[1], seen.shape[1]))
    seen = seen - seen.mean(0)
    axes, _ = _axes(seen, count)
    centered = flat - flat.mean(0)
    found, _ = torch.linalg.qr(centered.T @ (seen @ axes.T))
    vectors = signed(found.T)
    return _as_directions(vectors, (centered @ vectors.T).std(0), latents.shape[1:])


def _normal(size: int, count: int, seed: int) -> Tensor:
    rng = torch.Generator().manual_seed(fold(seed, "directions"))
    return torch.randn(size, count, generator=rng, dtype=torch.float64)


def _orthogonal(columns: Tensor) -> Tensor:
    # the sign of R's diagonal makes Q unique, and uniform over directions
    q, r = torch.linalg.qr(columns)
    rows: Tensor = (q * r.diagonal().sign()).T
    return rows


def _axes(points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The first principal axes `(count, D)` of points `(N, D)`, and the deviation along each, by the smaller
    Gram matrix.
    """
    centered = points - points.mean(0)
    n, d = centered.shape
    if d <= n:
        values, vectors = torch.linalg.eigh(centered.T @ centered / (n - 1))
        axes = vectors.flip(1)[:, :count].T
    else:
        values, vectors = torch.linalg.eigh(centered @ centered.T / (n - 1))
        axes = torch.linalg.qr(centered.T @ vectors.flip(1)[:, :count])[0].T
    return signed(axes), values.flip(0)[:count].clamp_min(0).sqrt()


def signed(vectors: Tensor) -> Tensor:
    """Flips vectors `(k, D)` so that the largest coordinate of each is positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * largest.sign()


def _as_directions(vectors: Tensor, deviation: Tensor, shape: Sequence[int]) -> Directions:
    return Directions(vectors.reshape(len(vectors), *shape).float(), deviation.float())


def _room(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise UserError(f"from 1 to {most} directions can be found here; got {count}")
