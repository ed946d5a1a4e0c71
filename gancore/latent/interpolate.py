"""Interpolation between two points of latent space, and walks through several."""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from gancore.errors import UserError

__all__ = ["Kind", "eased", "linear", "path", "places", "spherical"]

Kind = Literal["spherical", "linear"]
TINY = 1e-9


def linear(start: Tensor, end: Tensor, at: Tensor) -> Tensor:
    """Linear interpolation from `start` to `end`, points `S` of any shape, at fractions `at` `(T,)`: `(T,
    *S)`; both ends exact.
    """
    a, b, share = start.double(), end.double(), _column(at, start)
    return _with_exact_ends(start, end, at, a + share * (b - a))


def spherical(start: Tensor, end: Tensor, at: Tensor) -> Tensor:
    """Interpolation along the great circle from `start` to `end`, points `S` of any shape, at fractions `at`
    `(T,)`: `(T, *S)`; both ends exact.

    Slerp: Shoemake 1985, "Animating rotation with quaternion curves", in any number of dimensions, as applied
    to latents by White 2016, arXiv:1609.04468: a normal latent in many dimensions lies near a sphere, which a
    straight line leaves. The direction turns at constant speed, the norm is interpolated linearly. Between
    opposite points, where every great circle is equally short, the path passes through the axis along which
    `start` is smallest; if a point is zero, or in one dimension, it is straight.
    """
    a, b = start.double().flatten(), end.double().flatten()
    lengths = a.norm(), b.norm()
    if min(lengths) < TINY or a.numel() < 2:
        return linear(start, end, at)
    first, other = a / lengths[0], b / lengths[1]
    second, angle = _plane(first, other)
    share = at.double()[:, None]
    direction = torch.cos(share * angle) * first + torch.sin(share * angle) * second
    length = lengths[0] + share * (lengths[1] - lengths[0])
    return _with_exact_ends(start, end, at, (direction * length).reshape(len(at), *start.shape))


def _plane(first: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    """The unit vector orthogonal to `first` in the plane of both, and the angle between them."""
    cosine = first @ other
    across = other - cosine * first
    sine = across.norm()
    if sine > TINY:
        return across / sine, torch.atan2(sine, cosine)
    axis = torch.zeros_like(first)
    axis[first.abs().argmin()] = 1
    axis -= (axis @ first) * first
    return axis / axis.norm(), torch.tensor(math.pi if cosine < 0 else 0.0, dtype=torch.float64)


def _column(at: Tensor, point: Tensor) -> Tensor:
    return at.double().reshape(-1, *[1] * point.ndim)


def _with_exact_ends(start: Tensor, end: Tensor, at: Tensor, between: Tensor) -> Tensor:
    share = _column(at, start)
    return torch.where(share == 0, start, torch.where(share == 1, end, between.to(start.dtype)))


KINDS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {"spherical": spherical, "linear": linear}


def eased(share: Tensor) -> Tensor:
    """Eased fractions in [0, 1] that start and end at rest: 3t² - 2t³."""
    return share * share * (3 - 2 * share)


def places(frames: int, keys: int, loop: bool = False) -> Tensor:
    """Positions of frames `(T,)` float64 on a walk through `keys` points: 0 at the first key, 1 at the
    second, and so on.

    Open walks end at the last key. A loop returns to the first one without showing it twice, so it repeats
    smoothly.

    Raises:
        UserError: fewer than 2 frames.
    """
    if frames < 2:
        raise UserError(f"a walk has at least 2 frames; got {frames}")
    steps = torch.arange(frames, dtype=torch.float64)
    return steps * keys / frames if loop else steps * (keys - 1) / (frames - 1)


def path(
    keys: Tensor, frames: int, kind: Kind = "spherical", loop: bool = False, ease: bool = False
) -> Tensor:
    """A walk through `keys` `(K, *S)`, latents or codes of any shape: `(frames, *S)`; all legs take equally
    long.

    `ease` slows down at each key. A frame that falls on a key equals it exactly.

    Raises:
        UserError: fewer than two keys or frames, or an unknown kind.
    """
    if len(keys) < 2:
        raise UserError(f"a walk leads from one latent to another: give at least 2 keys; got {len(keys)}")
    if kind not in KINDS:
        raise UserError(f"a walk must be {' or '.join(KINDS)}; got {kind!r}")
    stations = places(frames, len(keys), loop)
    legs = len(keys) if loop else len(keys) - 1
    leg = stations.floor().clamp(max=legs - 1).long()
    share = stations - leg
    share = eased(share) if ease else share
    parts = [KINDS[kind](keys[i], keys[(i + 1) % len(keys)], share[leg == i]) for i in range(legs)]
    return torch.cat(parts)
