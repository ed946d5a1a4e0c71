"""What a hostile file does to the process that reads it: how it ends, in what memory and time."""

import json
import os
import resource
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from gancore.errors import GancoreError

PATIENCE = 120
"""Seconds after which a case is stopped."""


class Outcome(NamedTuple):
    """How one case ended: `ending` is "done", "refused", or else what nobody should see."""

    name: str
    ending: str
    said: str
    megabytes: float
    seconds: float

    @property
    def fallen(self) -> bool:
        """Whether it ended as nothing should."""
        return self.ending not in ("done", "refused")


def judge(name: str, call: Callable[[], Any]) -> Outcome:
    """Makes the call in a process of its own. It may return, which is "done", or raise an error of gancore,
    "refused".
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _in_child(call, writer)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        return Outcome(name, f"died with status {status}", "", float("nan"), float("nan"))
    return Outcome(name, *json.loads(told))


def _in_child(call: Callable[[], Any], writer: int) -> None:
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        for clock in (signal.ITIMER_PROF, signal.ITIMER_REAL):  # their signals end the process
            signal.setitimer(clock, PATIENCE)
        before, started = _megabytes(), time.process_time()
        ending, said = _ending(call)
        told = [ending, said, round(_megabytes() - before, 1), round(time.process_time() - started, 2)]
        os.write(writer, json.dumps(told).encode()[:60_000])
    finally:
        os._exit(0)


def _ending(call: Callable[[], Any]) -> tuple[str, str]:
    try:
        return "done", f"{call()}"[:500]
    except GancoreError as error:
        return "refused", str(error)
    except BaseException as error:
        return type(error).__name__, f"{error}"[:500]


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
