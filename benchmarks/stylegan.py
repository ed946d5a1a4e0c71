"""StyleGAN2 and StyleGAN3-T of this library against the original implementation's plain operators, as a
markdown table.

    git clone https://github.com/NVlabs/stylegan3 build/stylegan3
    OMP_NUM_THREADS=2 python benchmarks/stylegan.py --reference build/stylegan3

Both sides hold networks of equal widths; an update is a whole one, from latents to the step of Adam, ours
through `Run`, which also checks that everything is finite. Each call is timed in turns within one process,
peak memory of one update of each player in a process of its own. Takes less than ten minutes on two quiet
cores. With --compile our networks are compiled for what differentiates once.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from interleaved import interleaved, timing_options
from stylegan_reference import reference
from torch import Tensor

from gancore.recipes.batches import LatentBatch
from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of

Calls = Mapping[str, Callable[[], object]]


class Case(NamedTuple):
    """What is compared: a network at 64×64, and how many images are in a batch."""

    batch: int
    rounds: int
    calls: tuple[str, ...]


CASES = {
    "stylegan2": Case(8, 5, ("sampling", "generator update", "discriminator update", "R1", "path length")),
    "stylegan3": Case(4, 2, ("sampling", "generator update")),
}
SIDES = ("reference", "float32", "bf16")


class FixedBatch:
    """A source that always gives the same batch, so that no data are loaded."""

    def __init__(self, image: Tensor) -> None:
        self.position, self.image = 0, image

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return {"image": self.image}


def ours(kind: str, given: argparse.Namespace, image: Tensor, precision: str) -> Calls:
    widths = [
        f"{seat}.{name}"
        for seat in ("generator", "discriminator")
        for name in (f"channels_base={given.base}", f"channels_max={given.most}")
    ]
    recipe = recipe_of(kind, widths)
    recipe.bind(facts={"image": tuple(image.shape[1:]), "classes": 0}, by="the benchmark")
    run = TrainingRun(
        recipe,
        FixedBatch(image),
        batch=len(image),
        total=10**6,
        precision=precision,
        device=given.device,
        compile=given.compile,
    )
    real = recipe.real_batch(run)

    def latents(n: int = len(image)) -> LatentBatch:
        return recipe.latent_batch(run, n)

    def sampling() -> None:
        recipe.eval()
        with torch.no_grad(), torch.autocast(given.device, torch.bfloat16, enabled=precision == "bf16"):
            recipe.generator(recipe.conditioner(run.draw(recipe.sampler)))
        recipe.train()

    def lazy(name: str, penalty: object) -> Callable[[], object]:
        if name == "path-length":
            terms = partial(recipe.generator_penalty, name, penalty)
            half = len(image) // 2
            return lambda: run.update("generator", terms, latents(half), double_backward=True)
        terms = partial(recipe.discriminator_penalty, name, penalty)
        return lambda: run.update("discriminator", terms, real, latents(), double_backward=True)

    penalties = {penalty.name: penalty for penalty in (*recipe.regularizers, *recipe.generator_regularizers)}
    named = {"R1": "r1", "path length": "path-length"}
    return {
        "sampling": sampling,
        "generator update": lambda: run.update("generator", recipe.generator_terms, latents()),
        "discriminator update": lambda: run.update(
            "discriminator", recipe.discriminator_terms, real, latents()
        ),
        **{call: lazy(name, penalties[name]) for call, name in named.items() if name in penalties},
    }


def calls_of(side: str, kind: str, given: argparse.Namespace) -> Calls:
    image = (torch.rand(CASES[kind].batch, 3, given.size, given.size) * 2 - 1).to(given.device)
    if side == "reference":
        return reference(given.reference, kind, given.size, given.base, given.most, image)
    return ours(kind, given, image, side)


def waited(call: Callable[[], object], device: str) -> Callable[[], object]:
    """The call, until the device is done with it."""
    if device != "cuda":
        return call

    def whole() -> None:
        call()
        torch.cuda.synchronize()

    return whole


@contextmanager
def said(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)


def table(kind: str, given: argparse.Namespace) -> Iterator[str]:
    case, sides = CASES[kind], {side: calls_of(side, kind, given) for side in SIDES}
    yield (
        f"\n{kind}, {given.size}×{given.size}, channel base {given.base}, at most {given.most} channels, "
        f"batch {case.batch}:\n"
    )
    yield (
        "| call | reference, ms | float32, ms | ratio | bf16, "
        "ms | ratio | rounds |\n|---|---|---|---|---|---|---|"
    )
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time or given.device == "cuda" else given.foreign
    for call in case.calls:
        with said(f"{kind} {call}"):
            functions = {side: waited(calls[call], given.device) for side, calls in sides.items()}
            kept = interleaved(
                functions,
                given.rounds or case.rounds,
                warm_up=1,
                limit=given.limit,
                foreign=foreign,
                clock=clock,
            )
        if not kept:
            yield f"| {call} | no round was undisturbed | | | | | 0 |"
            continue
        middle = {side: 1000 * statistics.median(row[side] for row in kept) for side in SIDES}
        ratio = {side: statistics.median(row["reference"] / row[side] for row in kept) for side in SIDES[1:]}
        cells = "".join(f" {middle[side]:.0f} | {ratio[side]:.2f} × |" for side in SIDES[1:])
        yield f"| {call} | {middle['reference']:.0f} |{cells} {len(kept)} |"


def peak(kind: str, side: str, given: argparse.Namespace) -> float:
    """MB at the peak of building and one update of each player, in this process."""
    calls = calls_of(side, kind, given)
    calls["discriminator update"]()
    calls["generator update"]()
    if given.device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    # ru_maxrss of a child counts what its parent held
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def peaks(kind: str) -> str:
    """The same for all sides, each in a process of its own."""
    commands = {side: [sys.executable, *sys.argv, "--peak", kind, side] for side in SIDES}
    found = {
        side: json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        for side, command in commands.items()
    }
    return (
        f"\nPeak memory of {kind}, one update of each player: "
        + ", ".join(f"{side} {mb:.0f} MB" for side, mb in found.items())
        + "."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, required=True, help="a checkout of NVlabs/stylegan3")
    parser.add_argument("--kinds", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--base", type=int, default=8192)
    parser.add_argument("--most", type=int, default=256)
    parser.add_argument("--rounds", type=int, help="undisturbed rounds of each call")
    parser.add_argument(
        "--limit", type=float, default=60, help="most seconds for one call, its warm-up apart"
    )
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compile", action="store_true", help="compile our networks")
    timing_options(parser)
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.manual_seed(0)
    if given.peak:
        print(json.dumps(peak(*given.peak, given)))
        return
    print(
        f"{given.device}, {torch.get_num_threads()} threads, torch "
        f"{torch.__version__}{', compiled' if given.compile else ''}"
    )
    for kind in given.kinds:
        for line in table(kind, given):
            print(line, flush=True)
        print(peaks(kind), flush=True)


if __name__ == "__main__":
    main()
