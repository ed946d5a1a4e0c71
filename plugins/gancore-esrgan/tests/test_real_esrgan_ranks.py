"""Several processes, and a pool of the pairs of all."""

import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from gancore_esrgan import RealESRGAN
from torch import multiprocessing

from gancore.standard.optimizers import SGD
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

SMALL = {
    "generator": {"width": 4, "growth": 2, "blocks": 1},
    "discriminator": {"width": 2},
    "perceptual": "none",
    "average": "no-average",
    "scale": 2,
    "image": (3, 16, 16),
    "pool": 8,
}


class Shared:
    """This rank's rows of batches that are a pure function of the position."""

    def __init__(self, ranks):
        self.position, self.ranks = 0, ranks

    def next(self, n=None):
        n = n or 4
        rows = torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(self.position)) * 2 - 1
        self.position += n
        share = n // self.ranks.world
        return {"image": rows[self.ranks.rank * share : (self.ranks.rank + 1) * share].double()}


def trained(ranks):
    optimizers = {f"{name}_optimizer": SGD(lr=0.01) for name in ("generator", "discriminator")}
    recipe = RealESRGAN(**SMALL, **optimizers).double()
    run = TrainingRun(recipe, Shared(ranks), batch=4, total=100, ranks=ranks, exact=True)
    for _ in range(5):
        recipe.step(run)
        run.step += 1
    return recipe.state_dict()


def work(rank, port, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.save(trained(Ranks()), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_equal_one_and_hold_the_same_pool(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, str(tmp_path)), nprocs=2)
    one = trained(Ranks())
    assert int(one["pair_pool.held"]) == 8
    for rank in (0, 1):
        several = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in one.items():
            assert torch.allclose(value.double(), several[name].double(), rtol=0, atol=1e-8), (rank, name)
