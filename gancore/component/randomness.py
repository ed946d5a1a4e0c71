"""All randomness: seeds derived from words, and per-sample noise that does not depend on micro-batching.

Parts draw per-sample noise only through `normal` and `uniform`. Inside `own_rows` these draw for the whole
batch and return the rows of the current slice, so a batch that is processed in pieces, or by several
processes, gets the same noise as the whole batch. The slice is a plain module global: a `ContextVar` or a
`torch.Generator` inside a part would break a compiled graph.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple

import torch
from torch import Tensor


class Rows(NamedTuple):
    """The slice `start:stop` of a batch of `total` samples."""

    total: int
    start: int
    stop: int


_rows: Rows | None = None


def fold(seed: int, *words: object) -> int:
    """A seed in [0, 2⁶³) derived from `seed` and the words; the same on every platform."""
    text = "\x1f".join([str(seed), *map(str, words)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def render_seed(seed: int) -> int:
    """The seed of the generator's noise when a pipeline makes images from `seed`.

    Other code that renders images uses it too.
    """
    return fold(seed, "render")


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Inside, the global generators of the CPU and of `device` start from `seed`; afterwards they are
    restored.
    """
    generators = [torch.default_generator]
    if device is not None and device.type != "cpu":
        generators.append(generator_of(device))
    before = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(seed)
        yield
    finally:
        for generator, state in zip(generators, before, strict=True):
            generator.set_state(state)


def generator_of(device: torch.device) -> torch.Generator:
    """The global generator of a device, or that of the CPU for devices without one."""
    if device.type == "cuda":
        torch.cuda.init()  # type: ignore[no-untyped-call]
        return torch.cuda.default_generators[
            torch.cuda.current_device() if device.index is None else device.index
        ]
    return torch.mps._get_default_mps_generator() if device.type == "mps" else torch.default_generator


@contextmanager
def own_rows(rows: Rows | None) -> Iterator[None]:
    """Inside, noise is the slice `rows` of the noise of the whole batch."""
    global _rows
    before, _rows = _rows, rows
    try:
        yield
    finally:
        _rows = before


def _slice(n: int) -> Rows:
    """The rows of `n` samples; a part may use a fixed fraction of the batch, or several images per sample."""
    if _rows is None:
        return Rows(n, 0, n)
    total, start, stop = _rows
    size = stop - start
    return Rows(total * n // size, start * n // size, start * n // size + n)


def _of_the_batch(draw: Callable[..., Tensor], n: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """The rows of `n` samples, from what `draw` (`torch.randn` or `torch.rand`) gives the whole batch."""
    rows = _slice(n)
    return draw(rows.total, *shape, device=like.device)[rows.start : rows.stop]


Source = Callable[[Callable[..., Tensor], int, tuple[int, ...], Tensor], Tensor]
_source: Source = _of_the_batch


@contextmanager
def drawn_from(source: Source) -> Iterator[None]:
    """Inside, noise comes from `source(draw, n, shape, like)`, which returns `(n, *shape)`."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


@contextmanager
def some_rows(rows: Tensor, total: int) -> Iterator[None]:
    """Inside, a batch consists of `rows`, int64 indices, of one of `total` samples, and each has the noise
    that it has there.
    """
    outer = _source
    with drawn_from(lambda draw, n, shape, like: outer(draw, total, shape, like)[rows]):
        yield


@contextmanager
def noise_maps(given: Sequence[Tensor] | None = None) -> Iterator[list[Tensor]]:
    """Inside, normal noise is replaced by `given`, in order; yields the list of the noise that was used.

    This lets a caller record, replay or optimize the noise of a generator. A map is `(1, …)` for all samples
    or has one row per sample. The maps last for one forward pass: a second one finds none left and draws.
    """
    maps, seen, outer = given or (), list[Tensor](), _source

    def source(draw: Callable[..., Tensor], n: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
        if draw is torch.rand:
            return outer(draw, n, shape, like)
        seen.append(
            maps[len(seen)].expand(n, *shape) if len(seen) < len(maps) else outer(draw, n, shape, like)
        )
        return seen[-1]

    with drawn_from(source):
        yield seen


def normal(n: int, *shape: int, like: Tensor) -> Tensor:
    """Standard normal noise `(n, *shape)` on the device of `like`; row i belongs to sample i.

    Float32, or float64 if `like` is.
    """
    return _as(_source(torch.randn, n, shape, like), like)


def fixed_noise(n: int, noise: Tensor) -> Tensor:
    """Fixed noise `(1, …)` of a network, expanded to `n` samples; `noise_maps` replaces it too."""
    return _source(
        lambda total, *shape, device=None: noise.expand(total, *shape), n, tuple(noise.shape[1:]), noise
    )


def uniform(n: int, *shape: int, like: Tensor) -> Tensor:
    """Uniform noise in [0, 1) `(n, *shape)` on the device of `like`; row i belongs to sample i.

    Float32, or float64 if `like` is.
    """
    return _as(_source(torch.rand, n, shape, like), like)


def _as(noise: Tensor, like: Tensor) -> Tensor:
    # never bf16: a uniform number just below 1 could round up to 1
    return noise.double() if like.dtype == torch.float64 else noise
