"""The thread that renders, and a cache of what it made."""

import json
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")
KEPT = 64 * 2**20
"""Bytes of answers that are cached."""


class Renderer:
    """All network computations happen in one thread: seeds and noise use the global random generators, and
    torch's threads stay warm.
    """

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="render")
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def close(self) -> None:
        """Ends the thread."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def run(self, work: Callable[[], T]) -> T:
        """Does the work after what others asked for before."""
        return self._worker.submit(work).result()

    def keep(self, kind: str, request: Any, make: Callable[[], bytes]) -> bytes:
        """The answer to a request, made only once as long as it is remembered."""
        key = kind + json.dumps(request, sort_keys=True)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        answer = self.run(make)
        with self._lock:
            self._kept[key] = answer
            size = self.size
            while size > KEPT:
                size -= sum(map(len, self._kept.popitem(last=False)))
        return answer

    @property
    def size(self) -> int:
        """Bytes that are remembered."""
        return sum(len(key) + len(kept) for key, kept in self._kept.items())
