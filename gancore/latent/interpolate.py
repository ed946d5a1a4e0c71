"""Between two points of latent space, and along a walk through several."""

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
    """Straight from `start` to `end`, two points `S` of any shape: points `(T, *S)` at shares `at` `(T,)` of
    the way; both ends exact.
    """
    a, b, share = start.double(), end.double(), _column(at, start)
    return _with_exact_ends(start, end, at, a + share * (b - a))


def spherical(start: Tensor, end: Tensor, at: Tensor) -> Tensor:
    """Along the great circle from `start` to `end`, two points `S` of any shape: points `(T, *S)` at shares
    `at` `(T,)` of the way.

    Slerp: Shoemake 1985, "Animating rotation with quaternion curves", in any number of dimensions, as White
    2016, arXiv:1609.04468, has it for latents: a normal latent in many dimensions lies near a sphere, and the
    straight line leaves it. Directions turn at constant speed, norms are interpolated linearly; both ends are
    exact. Between opposite points, where every great circle is as short, it goes by the axis along which
    `start` is shortest; where a point is zero, or in one dimension, straight.
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
    """The unit vector across `first` in the plane of both, and the angle between them."""
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
    """Shares in [0, 1] of a way that begins and ends at rest: 3t² - 2t³."""
    return share * share * (3 - 2 * share)


def places(frames: int, keys: int, loop: bool = False) -> Tensor:
    """Where frames `(T,)` float64 stand on a walk of `keys` stations: 0 at the first key, 1 at the second,
    and so on, evenly.

    Open walks end at the last key. A loop goes on to the first one, which it does not show twice, so that it
    repeats without a halt.

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
    """A walk through `keys` `(K, *S)`, latents or codes of any shape, in `(frames, *S)` points; every leg
    takes as long.

    `ease` halts at each key. A key is met exactly where a frame falls on it.

    Raises:
        UserError: fewer than two keys or frames, or a kind that is not there.
    """
    if len(keys) < 2:
        raise UserError(f"a walk leads from one latent to another: give at least 2 keys; got {len(keys)}")
    if kind not in KINDS:
        raise UserError(f"a walk is {' or '.join(KINDS)}; got {kind!r}")
    stations = places(frames, len(keys), loop)
    legs = len(keys) if loop else len(keys) - 1
    leg = stations.floor().clamp(max=legs - 1).long()
    share = stations - leg
    share = eased(share) if ease else share
    parts = [KINDS[kind](keys[i], keys[(i + 1) % len(keys)], share[leg == i]) for i in range(legs)]
    return torch.cat(parts)
