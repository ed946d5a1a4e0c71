"""Two processes that train together over gloo; they are started by the first check that needs them, and kept.

They are separate programs that communicate through pipes: multiprocessing would run the caller's main script
in them.
"""

import atexit
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import torch
import torch.distributed as dist
from torch import Tensor

from gancore.testing.stage import gradients_of
from gancore.testing.trial import Configuration
from gancore.training.ranks import Ranks

WORLD = 2
PATIENCE = 60
"""Seconds until a process that waits for a lost one gives up."""


def gradients_of_two(configuration: Configuration, seed: int) -> list[dict[str, Tensor]]:
    """The result of `gradients_of` in each of two processes.

    Raises:
        RuntimeError: one of them failed; with its message.
    """
    workers = _workers()
    job = pickle.dumps((sys.path, (configuration.cls, configuration.options, configuration.facts), seed))
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write(len(job).to_bytes(8, "big") + job)
        worker.stdin.flush()
    answers = []
    for worker in workers:
        assert worker.stdout is not None
        answer = next(_messages(worker.stdout), "the process ended")
        if isinstance(answer, str):
            # the other process may still be waiting for this one, so it must not get the next job
            stop()
            raise RuntimeError(f"in one of two processes: {answer}")
        answers.append({name: torch.from_numpy(array) for name, array in answer.items()})
    return answers


def stop() -> None:
    """Ends the two processes; the next check starts new ones."""
    for worker in _workers():
        worker.kill()
        worker.communicate()
    _workers.cache_clear()


@cache
def _workers() -> list["subprocess.Popen[bytes]"]:
    folder = tempfile.mkdtemp(prefix="gancore-two-")
    meeting = str(Path(folder) / "meeting")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    atexit.register(_end)
    return [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                "from gancore.testing.processes import serve; serve()",
                str(rank),
                meeting,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        for rank in range(WORLD)
    ]


def _end() -> None:
    if _workers.cache_info().currsize:
        stop()


def _messages(pipe: BinaryIO | Any) -> Iterator[Any]:
    while len(size := pipe.read(8)) == 8:
        yield pickle.loads(pipe.read(int.from_bytes(size, "big")))


def serve() -> None:
    """The main loop of each process: reads its rank and the rendezvous from the command line, and jobs from
    stdin until it ends.
    """
    rank, meeting = int(sys.argv[1]), sys.argv[2]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{meeting}",
        rank=rank,
        world_size=WORLD,
        timeout=timedelta(seconds=PATIENCE),
    )
    for path, given, seed in _messages(sys.stdin.buffer):
        sys.path[:] = path
        answer: Any
        try:
            made = gradients_of(Configuration(*given), seed, ranks=Ranks())
            answer = {name: value.contiguous().numpy() for name, value in made.items()}
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        message = pickle.dumps(answer)
        answers.write(len(message).to_bytes(8, "big") + message)
        answers.flush()
