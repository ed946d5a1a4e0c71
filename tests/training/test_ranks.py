"""Two processes against one, over gloo."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from small import MeanConditioner, SmallDiscriminator, SmallGenerator, Source

import gancore
from gancore import TwoPlayerGAN
from gancore.component.discovery import registry
from gancore.errors import GancoreError, NotFinite, RunError, UserError
from gancore.standard.optimizers import SGD, Adam
from gancore.standard.regularizers import R1, GradientPenalty
from gancore.training.ranks import Ranks
from gancore.training.run import TrainingRun

IMAGE, WORLD = (3, 4, 4), 2


def fresh(ranks, *, source=None, dtype=torch.float64, exact=None, micro_batch=None, optimizer=SGD):
    recipe = TwoPlayerGAN(
        generator=SmallGenerator(noise=0.2),
        conditioner=MeanConditioner(),
        discriminator=SmallDiscriminator(),
        regularizers=[R1(every=2), GradientPenalty()],
        generator_optimizer=optimizer(lr=0.05),
        discriminator_optimizer=optimizer(lr=0.05, max_norm=1.0),
        image=IMAGE,
    )
    recipe.bind(seed=1)
    recipe.to(dtype)
    source = source or Source(dtype=dtype, rank=ranks.rank, world=ranks.world)
    return TrainingRun(recipe, source, batch=8, total=1000, ranks=ranks, exact=exact, micro_batch=micro_batch)


def trained(run, n):
    """Weights after `n` steps, and the gradients of every update on the way."""
    gradients = []
    for player_optimizer in run.player_optimizers.values():
        act = player_optimizer.step

        def heard(found, *rest, act=act, name=player_optimizer.name):
            gradients.append((name, torch.cat([g.flatten() for g in found])))
            act(found, *rest)

        player_optimizer.step = heard
    for _ in range(n):
        run.recipe.step(run)
        run.step += 1
    return {name: value.clone() for name, value in run.recipe.state_dict().items()}, gradients, run.take_log()


def gone_wrong(make):
    try:
        make()
    except GancoreError as error:
        return type(error).__name__, str(error)
    return "nothing", ""


class Poisoned(Source):
    """Whose third batch is NaN on rank 1 alone."""

    def next(self, n=None):
        rows = super().next(n)
        return {"image": rows["image"] * float("nan")} if self.rank == 1 and self.position == 24 else rows


def failing_save(ranks, folder):
    """The first rank's disk is full; both ranks are told."""
    from gancore.training.finite import FiniteState
    from gancore.training.loop import Training

    training = Training.__new__(Training)
    training.run, training.ranks = fresh(ranks), ranks
    training.finite = FiniteState(training.run.recipe, training.run.player_optimizers)

    def save():
        raise RunError("cannot write the checkpoint: No space left on device")

    training._save = save
    training._commit()


def work(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=WORLD)
    ranks = Ranks()
    nan = Poisoned(dtype=torch.float64, rank=rank, world=WORLD)
    result = {
        "exact": trained(fresh(ranks, exact=True), 4),
        "exact in micro-batches": trained(fresh(ranks, exact=True, micro_batch=3), 4),
        "production": trained(fresh(ranks, dtype=torch.float32, optimizer=Adam), 20),
        "nan": gone_wrong(lambda: trained(fresh(ranks, source=nan), 6)),
        "save": gone_wrong(lambda: failing_save(ranks, folder)),
        "first": gone_wrong(lambda: ranks.from_first(failing_first)),
        "text": ranks.from_first(lambda: f"rank {rank}"),
        "any": (ranks.any(False), ranks.any(rank == 1)),
        "gather": ranks.gather(torch.full((2, 1), float(rank))),
        "gather of unequal numbers": ranks.gather(torch.full((2 * rank, 1), float(rank))),
        "uneven": gone_wrong(lambda: TrainingRun(fresh(ranks).recipe, Source(), batch=7, ranks=ranks)),
    }
    torch.save(result, f"{folder}/{rank}.pt")
    ranks.wait()
    if rank == 1:
        os._exit(0)  # rank 0 finds nobody to talk to
    torch.save(gone_wrong(ranks.wait), f"{folder}/alone.pt")


def failing_first():
    raise RunError("runs/1 is not empty")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    os.environ["OMP_NUM_THREADS"] = "1"
    mp.start_processes(
        work, (str(folder),), nprocs=WORLD, start_method="fork" if sys.platform == "linux" else "spawn"
    )
    return [torch.load(folder / f"{name}.pt") for name in (0, 1, "alone")]


def assert_close(one, other):
    (weights, gradients, _), (their_weights, their_gradients, _) = one, other
    assert [name for name, _ in gradients] == [name for name, _ in their_gradients]
    for (name, mine), (_, theirs) in zip(gradients, their_gradients, strict=True):
        assert torch.allclose(mine, theirs, rtol=0, atol=1e-10), name
    for name, mine in weights.items():
        assert torch.allclose(mine, their_weights[name], rtol=0, atol=1e-10), name


@pytest.mark.parametrize("how", ["exact", "exact in micro-batches"])
def test_two_processes_make_the_updates_of_one(both, how):
    alone = trained(fresh(Ranks()), 4)
    updates = [name for name, _ in alone[1]]
    assert updates == ["discriminator", "discriminator", "generator", "discriminator", "generator"] * 2
    for rank in range(WORLD):
        assert_close(alone, both[rank][how])
        assert all(
            both[rank][how][2][name] == pytest.approx(value, abs=1e-5) for name, value in alone[2].items()
        )


def test_ranks_stay_bit_equal_when_each_draws_its_own_noise(both):
    (weights, gradients, log), (their_weights, their_gradients, their_log) = (
        both[0]["production"],
        both[1]["production"],
    )
    assert all(torch.equal(weights[name], their_weights[name]) for name in weights)
    assert all(
        torch.equal(mine, theirs) for (_, mine), (_, theirs) in zip(gradients, their_gradients, strict=True)
    )
    assert log == their_log
    alone = trained(fresh(Ranks(), dtype=torch.float32, optimizer=Adam), 20)
    assert not torch.equal(alone[0]["generator.linear.weight"], weights["generator.linear.weight"])


def test_nan_in_the_data_of_one_rank_ends_both_with_the_same_words(both):
    kind, text = both[0]["nan"]
    assert both[1]["nan"] == (kind, text) and kind == NotFinite.__name__
    assert text.startswith("step 2, player discriminator: the term adversarial became nan")


def test_a_save_that_fails_on_the_first_rank_ends_both(both):
    assert both[0]["save"] == ("RunError", "cannot write the checkpoint: No space left on device")
    assert both[1]["save"] == ("RunError", "the first process could not save; see its message")
    assert both[0]["first"] == ("RunError", "runs/1 is not empty")
    assert both[1]["first"] == ("RunError", "the first process could not start; see its message")


def test_a_process_that_is_gone_is_an_error_and_no_hang(both):
    kind, text = both[2]
    assert kind == "RunError" and text.startswith(
        "another process of this training ended or does not answer; see its message (here: "
    )


def test_rows_of_unequal_numbers_are_gathered(both):
    for one in both[:2]:
        assert torch.equal(one["gather of unequal numbers"], torch.ones(2, 1))


def test_what_ranks_agree_on(both):
    for rank in range(WORLD):
        assert both[rank]["text"] == "rank 0"
        assert both[rank]["any"] == (False, True)
        assert both[rank]["gather"].flatten().tolist() == [0, 0, 1, 1]
        assert both[rank]["uneven"] == (
            "UserError",
            "a batch of 7 cannot be split over 2 processes; give a multiple of 2",
        )


TINY = "dcgan --size 16 --set generator.width=4 --set discriminator.width=4 --batch 8 --threads 1"
OFTEN = "--checkpoint-every 16 --report-every 12 --evaluate-every 0"


@pytest.fixture
def tiny():
    if not any(o.cls.name == "dcgan" for o in registry().registrations("recipe")):
        pytest.skip("gancore-dcgan is not installed")
    return ["train", *TINY.split(), *OFTEN.split(), "--images"]


def assert_same_bits(folder, images, *runs):
    for name in ("weights", "training"):
        one, other = (folder / run / "checkpoints" / f"{images:08d}" / f"{name}.safetensors" for run in runs)
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.slow
def test_torchrun_trains_two_processes_and_resumes_to_the_same_bits(tmp_path, tiny):
    torchrun(*tiny, "64", "--output", str(tmp_path / "whole"))
    torchrun(*tiny, "32", "--output", str(tmp_path / "two"))
    torchrun("train", "--resume", str(tmp_path / "two"), "--images", "64")
    assert_same_bits(tmp_path, 64, "whole", "two")
    assert "processes = 2" in (tmp_path / "whole" / "run.toml").read_text()


@pytest.mark.slow
def test_torchrun_trains_on_the_codes_of_a_first_stage(tmp_path, tiny):
    size = {"generator.width": 2, "encoder.width": 2, "generator.latent": 6}
    how = {"size": 8, "images": 8, "batch": 4, "evaluate_every": 0, "progress": False}
    gancore.train("vae", set=size, output=tmp_path / "first", **how)
    sizes = ["--set", "generator.hidden=[8]", "--set", "discriminator.hidden=[4]", "--batch", "8"]
    on_codes = ["train", "gan", "--first-stage", str(tmp_path / "first"), *sizes, *OFTEN.split()]
    torchrun(*on_codes, "--images", "32", "--output", str(tmp_path / "whole"))
    torchrun(*on_codes, "--images", "16", "--output", str(tmp_path / "two"))
    (tmp_path / "first").rename(tmp_path / "moved")
    moved = ["--first-stage", str(tmp_path / "moved")]
    torchrun("train", "--resume", str(tmp_path / "two"), "--images", "32", *moved)
    assert_same_bits(tmp_path, 32, "whole", "two")
    whole, two = (gancore.load(tmp_path / run).sample(2, seed=0) for run in ("whole", "two"))
    assert torch.equal(whole, two) and whole.shape == (2, 3, 8, 8)


DIES = """
import os, signal, sys, threading, time
from gancore.cli import main

def die():
    while not os.path.isdir(sys.argv[-1] + "/checkpoints/00000016"):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)

if os.environ["RANK"] == "1" and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
    threading.Thread(target=die, daemon=True).start()
main(sys.argv[1:])
"""


@pytest.mark.slow
def test_torchrun_starts_a_process_that_died_again_and_the_run_goes_on(tmp_path, tiny):
    (tmp_path / "dies.py").write_text(DIES)
    again = ["--resume-if-there", "--output"]
    torchrun(*tiny, "640", *again, str(tmp_path / "two"), start=[str(tmp_path / "dies.py")], restarts=1)
    torchrun(*tiny, "640", *again, str(tmp_path / "whole"))
    assert_same_bits(tmp_path, 640, "whole", "two")
    resumed = [
        line for line in (tmp_path / "two" / "log.jsonl").read_text().splitlines() if "resumed" in line
    ]
    assert len(resumed) == 1


def torchrun(*words, start=("-m", "gancore"), restarts=0):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--max-restarts",
        str(restarts),
        "--master-port",
        str(port),
        *start,
        *words,
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=240,
        cwd=Path.cwd(),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]


STOPPED = """
import os, signal, sys, time
import torch
from gancore.errors import RunError
from gancore.training.ranks import Ranks
ranks = Ranks.join()
ranks.wait()
if ranks.rank == 1:
    os.kill(os.getpid(), signal.SIGSTOP)
started = time.monotonic()
try:
    ranks.mean_in_place([torch.ones(3)])
except RunError as error:
    print(f"{time.monotonic() - started:.1f} {error}", flush=True)
    os._exit(1)
"""


def test_a_process_that_is_stopped_is_not_waited_for(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
        "GANCORE_STEP_TIMEOUT": "3",
    }
    started = [
        subprocess.Popen(
            [sys.executable, "-c", STOPPED],
            env={**os.environ, **base, "RANK": str(rank), "CUDA_VISIBLE_DEVICES": ""},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = started[0].communicate(timeout=120)[0]
    finally:
        for process in started:
            process.kill()
    said = "\n".join(line for line in said.splitlines() if not line.startswith("[Gloo]"))  # of older torch
    waited, _, error = said.partition(" ")
    assert 1 < float(waited) < 30 and "does not answer" in error and "GANCORE_STEP_TIMEOUT" in error


@pytest.mark.parametrize("given", ["0", "-1", "soon", "nan", "1e9"])
def test_how_long_is_waited_is_a_number_of_seconds(monkeypatch, given):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("GANCORE_STEP_TIMEOUT", given)
    with pytest.raises(UserError, match="positive number of seconds"):
        Ranks.join()
