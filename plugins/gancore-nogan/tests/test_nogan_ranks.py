"""Two processes through all three phases, with checks, against one."""

import math
import socket
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from gancore_nogan import NoGAN
from torch import multiprocessing

from gancore.testing.stage import Rows, drive
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

SGD = {"part": "sgd", "lr": 0.01}


def trained(ranks: Ranks) -> dict[str, torch.Tensor]:
    recipe = NoGAN(
        image=(3, 8, 8),
        source=(1, 8, 8),
        generator={"part": "resnet", "width": 2, "blocks": 1},
        discriminator={"part": "patchgan", "width": 2, "layers": 1},
        perceptual={"extractor": {"part": "pixels", "size": 4}},
        generator_optimizer=SGD,
        discriminator_optimizer=SGD,
        generator_share=0.25,
        discriminator_share=0.25,
        threshold=math.inf,
        checks=4,
        check_images=12,
    ).double()
    run = TrainingRun(recipe, Rows(recipe, seed=0, ranks=ranks), batch=4, total=32, ranks=ranks, exact=True)
    drive(run, 8)
    return recipe.state_dict() | {"kept": torch.tensor(float(recipe.turning_point.begun))}


def work(rank: int, port: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    torch.save(trained(Ranks()), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_equal_one_in_every_phase(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(work, (port, str(tmp_path)), nprocs=2)
    one = trained(Ranks())
    assert one["kept"] == 1
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for name, value in one.items():
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(value.double(), first[name].double(), rtol=0, atol=1e-8), name
