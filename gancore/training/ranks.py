"""Communication between the processes (ranks) that train one model; all of it goes through this module.

`DistributedDataParallel` is not used: it waits for every parameter of a bucket, so an update whose penalty
gives some parameter no gradient would silently not be averaged.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

import torch
import torch.distributed as dist
from torch import Tensor

from gancore.errors import GancoreError, RunError, UserError

PATIENCE_SECONDS = "GANCORE_STEP_TIMEOUT"
"""The variable of the environment that says how long a process waits for the others within a step."""
PATIENCE = 60.0


class Ranks:
    """This process's rank among all processes; a single process needs no process group.

    Within a step, a process waits a minute for the others, or as many seconds as `GANCORE_STEP_TIMEOUT` says:
    one that was stopped would keep them for good. Between steps, while the first one evaluates and saves, it
    waits as long as `torch.distributed` does.
    """

    within_step: ClassVar[Any] = None

    def __init__(self) -> None:
        self.joined = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if self.joined else 0
        self.world = dist.get_world_size() if self.joined else 1

    @classmethod
    def join(cls) -> "Ranks":
        """Joins the group that `torchrun` set up, if any: nccl on CUDA, gloo elsewhere."""
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not dist.is_initialized():
            if torch.cuda.is_available():
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            patience = _patience()
            _join("nccl" if torch.cuda.is_available() else "gloo")
            cls.within_step = dist.new_group(timeout=timedelta(seconds=patience))
        return cls()

    @property
    def first(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""
        if self.joined:
            values = values.clone()
            with _talking():
                dist.all_reduce(values, group=self.within_step)
        return values

    def mean_in_place(self, tensors: Sequence[Tensor]) -> None:
        """Replaces the tensors by their means over all ranks, in one flat message."""
        if not self.joined or not tensors:
            return
        flat = torch.cat([t.reshape(-1) for t in tensors])
        with _talking():
            dist.all_reduce(flat, group=self.within_step)
        flat /= self.world
        for tensor, piece in zip(tensors, torch.split(flat, [t.numel() for t in tensors]), strict=True):
            tensor.copy_(piece.view(tensor.shape))

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all ranks, in the order of ranks, on every rank; their numbers may differ."""
        if not self.joined:
            return rows
        # messages carry no strides: a channels_last receiver would mix up the pixels
        rows = rows.contiguous()
        counts = torch.zeros(self.world, dtype=torch.int64, device=rows.device)
        counts[self.rank] = len(rows)
        counts = self.sum(counts)
        rows = torch.cat([rows, rows.new_zeros(int(counts.max()) - len(rows), *rows.shape[1:])])
        several = [torch.empty_like(rows) for _ in range(self.world)]
        with _talking():
            dist.all_gather(several, rows, group=self.within_step)
        return torch.cat([one[:n] for one, n in zip(several, counts.tolist(), strict=True)])

    def any(self, flag: bool) -> bool:
        """Whether the flag is set on any rank."""
        if not self.joined:
            return flag
        raised = torch.tensor(float(flag))
        with _talking():
            dist.all_reduce(raised)
        return bool(raised > 0)

    def from_first(self, make: Callable[[], str]) -> str:
        """The text that `make` returns on the first rank, broadcast to every rank.

        Raises:
            RunError: `make` failed; the first rank raises the original error.
        """
        box: list[str | None] = [None]
        failure: GancoreError | None = None
        if self.first:
            try:
                box = [make()]
            except GancoreError as error:
                failure = error
        if self.joined:
            with _talking():
                dist.broadcast_object_list(box, src=0)
        if box[0] is None:
            raise failure or RunError("the first process could not start; see its message")
        return box[0]

    def wait(self) -> None:
        """Waits until every rank has called this."""
        if self.joined:
            with _talking():
                dist.barrier()

    def leave(self) -> None:
        """Leaves the group."""
        if self.joined:
            dist.destroy_process_group()
            type(self).within_step = None


def _join(backend: str) -> None:
    """Joins the group under names of this attempt: `torchrun` starts all processes again where one died, and
    its store then still holds the addresses of those before.
    """
    from torch._C._distributed_c10d import PrefixStore  # not there in builds without `torch.distributed`
    from torch.distributed.rendezvous import rendezvous

    store, rank, world = next(rendezvous("env://"))
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    names = PrefixStore(f"attempt {attempt}", store)
    dist.init_process_group(backend, store=names, rank=rank, world_size=world)


def _patience() -> float:
    given = os.environ.get(PATIENCE_SECONDS, str(PATIENCE))
    try:
        if 0 < (seconds := float(given)) < 1e6:
            return seconds
    except ValueError:
        pass
    raise UserError(f"{PATIENCE_SECONDS} is {given!r}; give a positive number of seconds")


@contextmanager
def _talking() -> Iterator[None]:
    """Turns a failed message into an error that points to the process that ended."""
    try:
        yield
    except RuntimeError as error:
        first = str(error).strip().partition("\n")[0]
        raise RunError(
            f"another process of this training ended or does not answer; see its message (here: {first}). "
            f"If its steps take long, set {PATIENCE_SECONDS} to more seconds; "
            "then continue with `gancore train --resume`"
        ) from None
