"""Two processes that train together over gloo; they start once, with the first check that needs them, and stay."""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
import torch.distributed as dist
from torch import Tensor

from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration
from gancore.training.ranks import Ranks

WORLD = 2
PATIENCE = 60
"""Seconds until a process that waits for a lost one gives up."""

Arrays = dict[str, "npt.NDArray[Any]"]


def gradients_of_two(configuration: Configuration, seed: int) -> list[dict[str, Tensor]]:
    """What `gradients_of` gives in each of two processes."""
    pending = [worker.submit(_work, configuration, seed) for worker in _workers()]
    try:
        results = [future.result(timeout=2 * PATIENCE) for future in pending]
    except BaseException:
        # the other process may still wait for this one, and the next job must not meet it
        stop()
        raise
    return [{name: torch.from_numpy(array) for name, array in result.items()} for result in results]


def stop() -> None:
    """Ends the two processes; the next check starts others."""
    for worker in _workers():
        for process in list((worker._processes or {}).values()):
            process.kill()
        worker.shutdown(wait=False, cancel_futures=True)
    _workers.cache_clear()


@cache
def _workers() -> list[ProcessPoolExecutor]:
    meeting = Path(tempfile.mkdtemp(prefix="gancore-two-")) / "meeting"
    spawn = get_context("spawn")
    return [ProcessPoolExecutor(1, mp_context=spawn, initializer=_join, initargs=(rank, str(meeting))) for rank in range(WORLD)]


def _join(rank: int, meeting: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=WORLD, timeout=timedelta(seconds=PATIENCE)
    )


def _work(configuration: Configuration, seed: int) -> Arrays:
    made = gradients_of(configuration, seed, ranks=Ranks())
    return {name: value.contiguous().numpy() for name, value in made.items()}
