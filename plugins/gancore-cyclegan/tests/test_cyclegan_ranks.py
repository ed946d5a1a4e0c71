import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from gancore_cyclegan import CycleGAN, ResNet
from torch import Tensor, multiprocessing

from gancore.standard.optimizers import SGD
from gancore.standard.patchgan import PatchGAN
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

RGB = (3, 8, 8)


class Shared:
    """This rank's rows of batches that are a pure function of the position."""

    def __init__(self, ranks: Ranks) -> None:
        self.position, self.ranks = 0, ranks

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        n = n or 1
        rng = torch.Generator().manual_seed(self.position)
        rows = torch.rand(2, n, *RGB, generator=rng) * 2 - 1
        self.position += n
        share = n // self.ranks.world
        mine = slice(self.ranks.rank * share, (self.ranks.rank + 1) * share)
        return {"source": rows[0, mine], "target": rows[1, mine]}


def trained(ranks: Ranks) -> dict[str, Tensor]:
    recipe = CycleGAN(
        image=RGB,
        source=RGB,
        to_target=ResNet(width=2, blocks=1),
        to_source=ResNet(width=2, blocks=1),
        target_discriminator=PatchGAN(width=2, layers=1),
        source_discriminator=PatchGAN(width=2, layers=1),
        generator_optimizer=SGD(lr=0.01),
        discriminator_optimizer=SGD(lr=0.01),
        pool=3,
    ).double()
    run = TrainingRun(recipe, Shared(ranks), batch=4, total=100, ranks=ranks, exact=True)
    for _ in range(3):
        recipe.step(run)
        run.step += 1
    return recipe.state_dict()


def work(rank: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.save(trained(Ranks()), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_equal_one_and_hold_the_same_pool(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, str(tmp_path)), nprocs=2)
    one = trained(Ranks())
    for rank in (0, 1):
        several = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        for name, value in one.items():
            assert torch.allclose(value.double(), several[name].double(), rtol=0, atol=1e-10), (rank, name)
