"""Whether what was written makes the images of the pipeline."""

from collections.abc import Callable

import torch
from torch import Tensor

from gancore.errors import ExportError
from gancore.exporting.chain import Chain

__all__ = ["BATCHES", "TOLERANCE", "largest_difference"]

BATCHES = (1, 7)
"""Batch sizes that are tried."""
TOLERANCE = 1e-4
"""How far an image, in [-1, 1], may be off."""


def largest_difference(chain: Chain, written: Callable[[dict[str, Tensor]], Tensor]) -> float:
    """How far the images of `written` are from those of the chain, at each of `BATCHES`.

    Raises:
        ExportError: farther than `TOLERANCE`, not a number, of another shape, or it cannot be run.
    """
    return max(_difference(chain, written, n) for n in BATCHES)


def _difference(chain: Chain, written: Callable[[dict[str, Tensor]], Tensor], n: int) -> float:
    inputs = chain.examples(n, seed=n)
    with torch.no_grad():
        expected = chain(*inputs.values())
    try:
        found = written(inputs)
    except Exception as error:  # runtimes raise what they like
        raise ExportError(f"what was written cannot be run with a batch of {n} ({reason(error)}); {HELP}") from None
    if found.shape != expected.shape:
        raise ExportError(f"what was written makes {tuple(found.shape)} of a batch of {n}, not {tuple(expected.shape)}; {HELP}")
    off = float((found - expected).abs().max())
    if not off <= TOLERANCE:
        raise ExportError(f"what was written is off by {off:.2g} at a batch of {n}, more than {TOLERANCE:g}; {HELP}")
    return off


HELP = "nothing was kept: try another format (onnx, torch, pipeline)"


def reason(error: BaseException) -> str:
    """The cause of an exporter's error, in a line."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
