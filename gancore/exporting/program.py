"""A chain as a graph of PyTorch operators with any batch size."""

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import torch
from torch.export import Dim, ExportedProgram

from gancore.errors import ExportError
from gancore.exporting.chain import Chain
from gancore.exporting.checking import HELP, reason

__all__ = ["program", "quiet"]

TRIED = 3
"""The batch size of the trace; 0 and 1 would be specialized to constants."""


def program(chain: Chain) -> ExportedProgram:
    """The graph of a chain. Raises ExportError where a part's Python depends on values or on the batch."""
    inputs, batch = chain.examples(TRIED), Dim("batch", min=1)
    shapes: tuple[dict[int, Any], ...] = tuple({0: batch} if value.dim() else {} for value in inputs.values())
    try:
        with torch.no_grad(), quiet():
            # strict, because otherwise len(tensor) fixes the batch size
            return torch.export.export(chain, tuple(inputs.values()), dynamic_shapes=(shapes,), strict=True)
    except Exception as error:  # torch raises all kinds of exceptions on what it cannot trace
        raise ExportError(
            f"{chain.generator.qualified_name} cannot be traced for export ({reason(error)}); {HELP}"
        ) from None


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses the exporters' logs and output: deprecations of packages, and half-traced graphs."""
    log = logging.getLogger("torch.onnx")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(before)
