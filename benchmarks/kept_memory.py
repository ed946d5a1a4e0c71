"""What a process gains that keeps freed memory (`gancore.allocator`): the same work in two processes, one of
which keeps it.

    OMP_NUM_THREADS=2 python benchmarks/kept_memory.py
    OMP_NUM_THREADS=1 python benchmarks/kept_memory.py --processor-time

The two work in turn. It prints the medians of their times and of the ratio, the pages that the system gave in
a round, and the peak memory of each after the same rounds.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from gancore import create
from gancore.allocator import keep_freed_memory
from gancore.recipes.base import Recipe
from gancore.testing.stage import Rows
from gancore.training.first_step import take_step
from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of

Work = Callable[[], object]
SIDES, WARM_UP = ("as it is", "kept"), 2


def bound(name: str, size: int, *changes: str, **facts: Any) -> Recipe:
    """A recipe of square images."""
    recipe = recipe_of(name, list(changes))
    recipe.bind(facts={"image": (3, size, size), "classes": 0, **facts}, by="the benchmark")
    recipe.require()
    return recipe


def step(recipe: Recipe, batch: int) -> Work:
    """A step of training as the loop takes it."""
    return partial(take_step, TrainingRun(recipe, Rows(recipe, seed=0), batch=batch, total=10**6))


def sampling(recipe: Recipe, count: int) -> Work:
    """Images of the recipe's generator."""
    return partial(recipe.pipelines()["image"].sample, count, seed=0)


def upscaling(side: int, blocks: int) -> Work:
    """An image enlarged four times by the RRDBNet of ESRGAN."""
    shapes = {"image": (3, 4 * side, 4 * side), "source": (3, side, side)}
    network, image = create("generator/rrdb", blocks=blocks, **shapes).eval(), torch.rand(1, 3, side, side)

    def work() -> object:
        with torch.no_grad():
            return network(image)

    return work


WORK: dict[str, Callable[[], Work]] = {
    "Pix2Pix, 256×256, a step": lambda: step(bound("pix2pix", 256, source=(3, 256, 256)), 1),
    "SNGAN, 32×32, a step of 8": lambda: step(bound("sngan", 32, "discriminator_steps=1"), 8),
    "R3GAN small, 32×32, a step of 8": lambda: step(bound("r3gan-small", 32), 8),
    "DCGAN, 64×64, 256 samples": lambda: sampling(bound("dcgan", 64), 256),
    "RRDBNet of 4 blocks, 128×128 → ×4": lambda: upscaling(128, 4),
}


def measured(work: Work, *, processor: bool) -> dict[str, float]:
    """Seconds, pages and peak megabytes."""
    clock = time.process_time if processor else time.perf_counter
    pages, start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt, clock()
    work()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"time": clock() - start, "pages": usage.ru_minflt - pages, "peak": usage.ru_maxrss / 1024}


def serve(name: str, *, kept: bool, processor: bool) -> None:
    """Works once for each line that is read."""
    if kept:
        keep_freed_memory()
    work = WORK[name]()
    for _ in sys.stdin:
        print(json.dumps(measured(work, processor=processor)), flush=True)


def process(name: str, side: str, given: argparse.Namespace) -> "subprocess.Popen[str]":
    command = [sys.executable, __file__, "--serve", name, side]
    command += ["--processor-time"] if given.processor_time else []
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def answer(of: "subprocess.Popen[str]") -> dict[str, float]:
    assert of.stdin is not None
    assert of.stdout is not None
    of.stdin.write("go\n")
    of.stdin.flush()
    told: dict[str, float] = json.loads(of.stdout.readline())
    return told


def compared(name: str, given: argparse.Namespace) -> str:
    """A row of the table."""
    processes = [process(name, side, given) for side in SIDES]
    rounds = [[answer(one) for one in processes] for _ in range(WARM_UP + given.rounds)][WARM_UP:]
    for one in processes:
        one.communicate()
    told = []
    for number in range(len(SIDES)):
        middle = {key: statistics.median(row[number][key] for row in rounds) for key in rounds[0][0]}
        told += [f"{1000 * middle['time']:.0f} ms", f"{middle['pages']:.0f}", f"{middle['peak']:.0f} MB"]
    ratio = statistics.median(kept["time"] / before["time"] for before, kept in rounds)
    return "| " + " | ".join([name, *told, f"{ratio:.2f}"]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", nargs="+", choices=WORK, default=list(WORK), metavar="WORK")
    parser.add_argument("--processor-time", action="store_true", help="where the machine is not quiet")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        name, side = given.serve
        serve(name, kept=side == SIDES[1], processor=given.processor_time)
        return
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("| | time | pages | peak | kept: time | pages | peak | ratio |\n|---|---|---|---|---|---|---|---|")
    for name in given.only:
        print(compared(name, given), flush=True)


if __name__ == "__main__":
    main()
