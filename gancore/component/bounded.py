"""Limits on what a file may ask to be built: layers are counted before memory is taken for them."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gancore.errors import CheckpointError, SpecError

PER_TENSOR = 4096
"""Bytes that a tensor counts at least: as a layer of a module it takes about that."""
TIMES, SPARE = 8, 128 * 2**20
"""While it is built, a network may take so many times the bytes of its weights, and so many more: layers are
initialized, and hold tables that are not saved.
"""


class Bounded(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Inside the block, tensors of at most so many bytes in all may be made.

    Args:
        most: bytes.
        refuse: gives the error that is raised for the bytes that were asked for.
    """

    def __init__(self, most: float, refuse: Callable[[float], Exception]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most, self.refuse, self.made = most, refuse, 0.0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: nothing is compiled inside the block, and to keep torch's compiler out of it torch would import
        it, which takes as long as torch itself.
        """
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Counts what is about to be made."""
        kwargs = kwargs or {}
        if (numbers := _numbers(func, args, kwargs)) is not None:
            self.made += max(PER_TENSOR, 4 * numbers)
            if self.made > self.most:
                raise self.refuse(self.made)
        return func(*args, **kwargs)


def bounded_by_weights(file: Path) -> Bounded:
    """Bounds what is built for the weights in a file: 25 KB of weights need no gigabytes.

    Raises:
        CheckpointError: more is asked for.
    """
    size = file.stat().st_size
    return Bounded(
        TIMES * size + SPARE,
        lambda asked: CheckpointError(
            f"{file} holds {size / 1e6:.3g} MB, but the settings beside it ask for networks of more than "
            f"{asked / 1e6:.3g} MB; they do not belong together, so nothing was built"
        ),
    )


def bounded_by_machine() -> Bounded:
    """Bounds what is built by the memory of this machine.

    Raises:
        SpecError: more is asked for.
    """
    memory = _memory()
    return Bounded(
        memory,
        lambda asked: SpecError(
            f"the parts ask for more than {asked / 1e9:.3g} GB, and this machine has {memory / 1e9:.3g} GB; "
            "give smaller widths, fewer layers or smaller images"
        ),
    )


def _memory() -> float:
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return math.inf


def _numbers(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> float | None:
    """How many numbers an operation makes from sizes alone; None where it works on tensors."""
    given = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | kwargs
    name, tensors = func._schema.name.partition("::")[2], [a for a in args if isinstance(a, Tensor)]
    if name == "repeat":
        return math.prod(map(float, given["repeats"])) * tensors[0].numel()
    if tensors and not name.startswith("new_"):
        return None
    if "size" in given:
        return math.prod(map(float, given["size"]))
    counts = [float(v) for v in given.values() if isinstance(v, int | float) and not isinstance(v, bool)]
    return math.prod(counts) if name.startswith("eye") else max(map(abs, counts), default=0.0)
