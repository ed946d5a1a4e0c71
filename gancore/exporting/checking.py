"""Verifies that an exported file produces the pipeline's images."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor

from gancore.component.randomness import seeded
from gancore.errors import ExportError
from gancore.exporting.chain import Chain

__all__ = ["BATCHES", "TOLERANCE", "largest_difference"]

BATCHES = (1, 7)
"""Batch sizes that are tested."""
TOLERANCE = 1e-4
"""The largest allowed deviation of an image in [-1, 1]."""
ROUNDING = 4
"""Alternatively this multiple of the chain's own float32 error: steep networks, such as an untrained
StyleGAN, have larger rounding errors.
"""


def largest_difference(chain: Chain, written: Callable[[dict[str, Tensor]], Tensor]) -> float:
    """The largest difference between the images of `written` and the chain, over all of `BATCHES`.

    Raises:
        ExportError: the difference exceeds `TOLERANCE` (and rounding) or is not a number, the shape is wrong,
        or it cannot be run.
    """
    return max(_difference(chain, written, n) for n in BATCHES)


def _difference(chain: Chain, written: Callable[[dict[str, Tensor]], Tensor], n: int) -> float:
    inputs = chain.examples(n, seed=n)
    expected = _made(chain, inputs)
    try:
        found = written(inputs)
    except Exception as error:  # runtimes raise all kinds of exceptions
        raise ExportError(
            f"the written file cannot be run with a batch of {n} ({reason(error)}); {HELP}"
        ) from None
    if found.shape != expected.shape:
        raise ExportError(
            f"the written file makes {tuple(found.shape)} from a batch of {n}, not {tuple(expected.shape)}; "
            f"{HELP}"
        )
    off = float((found - expected).abs().max())
    if not off <= TOLERANCE and not off <= (allowed := ROUNDING * _rounding(chain, inputs, expected)):
        raise ExportError(
            f"the written file is off by {off:.2g} for a batch of {n}, "
            f"more than {max(TOLERANCE, allowed):.2g}; {HELP}"
        )
    return off


def _rounding(chain: Chain, inputs: dict[str, Tensor], image: Tensor) -> float:
    """The largest difference between the chain's images and those in float64."""
    wide = {name: value.double() if value.is_floating_point() else value for name, value in inputs.items()}
    return float((_made(copy.deepcopy(chain).double(), wide) - image).abs().max())


def _made(chain: Chain, inputs: dict[str, Tensor]) -> Tensor:
    # numbers not drawn through gancore.component.randomness are then the same in both precisions, so not
    # rounding
    with torch.no_grad(), seeded(0):
        image: Tensor = chain(*inputs.values())
    return image


HELP = "no file was kept: try another format (onnx, torch, pipeline)"


def reason(error: BaseException) -> str:
    """The cause of an exporter's error, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
