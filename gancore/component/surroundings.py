"""What is global in a process and decides how others train: an import leaves it as it was."""

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import ImageFile
from torch.backends import cudnn


def _set(module: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(module, name, value)


STATE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "the number of threads": (torch.get_num_threads, torch.set_num_threads),
    "the precision of matrix products": (
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    "deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "the search for anomalies": (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    "how cuDNN chooses": (
        lambda: (cudnn.benchmark, cudnn.deterministic),
        lambda both: _set(cudnn, benchmark=both[0], deterministic=both[1]),
    ),
    "whether cut images are read": (
        lambda: ImageFile.LOAD_TRUNCATED_IMAGES,
        lambda value: _set(ImageFile, LOAD_TRUNCATED_IMAGES=value),
    ),
    "how numpy takes errors": (np.geterr, lambda how: np.seterr(**how)),
    # None, not cpu, which would be looked up in each call of torch
    "the default device": (
        torch.get_default_device,
        lambda device: torch.set_default_device(None if device.type == "cpu" else device),
    ),
    "torch's random numbers": (lambda: torch.get_rng_state().clone(), torch.set_rng_state),
    "numpy's random numbers": (lambda: np.random.get_state(legacy=False), np.random.set_state),
    "Python's random numbers": (random.getstate, random.setstate),
    "the working folder": (os.getcwd, os.chdir),
}
"""By what it is called: how it is read, and how it is set."""


@contextmanager
def unchanged() -> Iterator[list[str]]:
    """Puts back all of `STATE` that changed in the block; the list then holds what that was."""
    before = {name: read() for name, (read, _) in STATE.items()}
    changed: list[str] = []
    try:
        yield changed
    finally:
        for name, (read, put_back) in STATE.items():
            if not _same(before[name], read()):
                put_back(before[name])
                changed.append(name)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else bool(one == other)
