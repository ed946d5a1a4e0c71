"""Images of training in a second of processor time, for any recipe, through `Run`, on random images.

    OMP_NUM_THREADS=1 python benchmarks/recipe_step.py stylegan --set generator.channels_max=32 --set
    discriminator.channels_max=32 OMP_NUM_THREADS=1 python benchmarks/recipe_step.py cyclegan --batch 1 4 8
    --precision float32 bf16

Every setting is timed in turn, round by round, and the median of the rounds is printed. Processor time of one
thread tells more than wall time where other work shares the machine.
"""

import argparse
import statistics
import time
from itertools import product

import torch
from torch import Tensor

from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of


class RandomImages:
    """Always the same random images, under every name that a recipe may want."""

    def __init__(self, image: tuple[int, int, int], batch: int) -> None:
        self.position = 0
        self.rows = {name: torch.rand(batch, *image) * 2 - 1 for name in ("image", "source", "target")}

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return self.rows


def prepared(
    words: str, changes: list[str], image: tuple[int, int, int], batch: int, precision: str
) -> TrainingRun:
    recipe = recipe_of(words, changes)
    recipe.bind(facts={"image": image, "source": image, "classes": 0}, by="the benchmark")
    return TrainingRun(recipe, RandomImages(image, batch), batch=batch, total=10**6, precision=precision)


def rate(run: TrainingRun, steps: int) -> float:
    start = time.process_time()
    for _ in range(steps):
        run.recipe.step(run)
        run.step += 1
    return steps * run.batch_size / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recipe")
    parser.add_argument("--set", action="append", default=[], dest="changes")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int, nargs="+", default=[32])
    parser.add_argument("--precision", nargs="+", default=["float32", "bf16"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=2, help="steps in a round")
    given = parser.parse_args()
    image = (3, given.size, given.size)
    runs = {
        (b, p): prepared(given.recipe, given.changes, image, b, p)
        for b, p in product(given.batch, given.precision)
    }
    for run in runs.values():
        rate(run, 1)
    rounds = [{setting: rate(run, given.steps) for setting, run in runs.items()} for _ in range(given.rounds)]
    for batch, precision in runs:
        median = statistics.median(row[batch, precision] for row in rounds)
        print(f"batch {batch:3}  {precision:8} {median:8.1f} images a second of processor time")


if __name__ == "__main__":
    main()
