"""Batches in the data's order, prefetched by one thread."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
from torch import Tensor

from gancore.data.data import Data
from gancore.errors import DataError

Batch = dict[str, Tensor]
AHEAD = 2


class Loader:
    """The batches of a training, for one of `world` ranks.

    `position` is the number of images that all ranks together have received; set it to continue from there
    with the same images. Batches depend only on (data, seed, position, n), never on timing.

    Raises:
        DataError: a batch that cannot be divided evenly among the ranks, or a negative position.
    """

    def __init__(
        self, data: Data, *, seed: int, batch: int, rank: int = 0, world: int = 1, position: int = 0
    ) -> None:
        if not 0 <= rank < world:
            raise DataError(f"rank {rank} of {world}; expected a rank from 0 to {world - 1}")
        self.data, self.seed, self.batch, self.rank, self.world = data, seed, batch, rank, world
        self.order = data.order(seed)
        self.pending: deque[tuple[int, int, Future[Batch]]] = deque()
        self.thread: ThreadPoolExecutor | None = ThreadPoolExecutor(1, thread_name_prefix="gancore-loader")
        self.check(batch)
        self.position = position

    @property
    def position(self) -> int:
        """The number of images that all ranks together have received."""
        return self._position

    @position.setter
    def position(self, position: int) -> None:
        if position < 0:
            raise DataError(f"position is {position}; expected the number of images given so far, from 0")
        self._position = position
        self.forget()

    def check(self, n: int) -> int:
        """The batch size, if it can be divided among the ranks."""
        if n < 1 or n % self.world:
            raise DataError(
                f"a batch of {n} cannot be shared by {self.world} ranks; "
                f"expected a positive multiple of {self.world}"
            )
        return n

    def next(self, n: int | None = None) -> Batch:
        """This rank's rows of the next `n` images of all ranks: contiguous, in order."""
        if self.thread is None:
            raise DataError("the loader is closed; make a new one")
        n = self.check(self.batch if n is None else n)
        if self.pending and self.pending[0][:2] != (self._position, n):
            self.forget()
        self.fill(n)
        batch = self.pending[0][2].result()
        self.pending.popleft()
        self._position += n
        self.fill(n)
        return batch

    def fill(self, n: int) -> None:
        """Prefetches the next batches, assuming that `n` stays the same."""
        assert self.thread is not None
        while len(self.pending) < AHEAD:
            start = self._position + n * len(self.pending)
            self.pending.append((start, n, self.thread.submit(self.rows, start, n)))

    def rows(self, start: int, n: int) -> Batch:
        """This rank's rows of the batch that begins at `start`."""
        share = n // self.world
        first = start + self.rank * share
        return self.data.rows(self.order.at(np.arange(first, first + share, dtype=np.int64)))

    @property
    def available(self) -> int:
        """The number of images."""
        return len(self.data)

    def pass_over(self, n: int) -> Iterator[Batch]:
        """This rank's rows of `n` images at a time, each image once, in their own order and not mirrored."""
        for start in range(0, len(self.data), n):
            size = min(n, len(self.data) - start)
            first, last = (start + size * rank // self.world for rank in (self.rank, self.rank + 1))
            yield self.data.rows(np.arange(first, last, dtype=np.int64))

    def forget(self) -> None:
        """Discards prefetched batches."""
        for _, _, future in self.pending:
            future.cancel()
        self.pending.clear()

    def close(self) -> None:
        """Ends the thread, after its current batch."""
        self.forget()
        if self.thread is not None:
            self.thread.shutdown(wait=True, cancel_futures=True)
        self.thread = None

    def __enter__(self) -> "Loader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
