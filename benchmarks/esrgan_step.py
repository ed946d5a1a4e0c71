"""Steps of ESRGAN through `Run` against a plain loop around the same parts, and the time of upscaling in bf16
against float32.

    OMP_NUM_THREADS=1 python benchmarks/esrgan_step.py --processor-time
    OMP_NUM_THREADS=2 python benchmarks/esrgan_step.py --upscale

Both sides of a step hold the same networks, distances and loss, read the same batch and take one update of
each player; the first step of training is by pixels alone. Ours also checks that everything is finite. They
run in turn within one process. Of steps two ratios are told: the median of those of each round, and that of
the fastest steps, which others that share the machine disturb least.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from interleaved import interleaved, ratios, timing_options
from torch import Tensor, nn

from gancore import create
from gancore.nn.spectral_norm import Spectral
from gancore.training.run import TrainingRun

Step = Callable[[], object]
SIDE = 64


def cast(precision: str) -> AbstractContextManager[object]:
    return torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else nullcontext()


def plain(recipe: Any, source: Tensor, target: Tensor, precision: str) -> Step:
    """One update of each player in a few lines of PyTorch."""
    g, d = recipe.generator.train(), recipe.discriminator.train()
    source, target = (x.to(memory_format=torch.channels_last) for x in (source, target))
    adam = {m: torch.optim.Adam(m.parameters(), 2e-4, betas=(0.9, 0.99), fused=True) for m in (g, d)}

    def update(player: nn.Module, loss: Callable[[], Tensor]) -> None:
        for each in (g, d):
            each.requires_grad_(each is player)
        with cast(precision):
            value = loss()
        torch.autograd.backward(value)
        adam[player].step()
        adam[player].zero_grad(set_to_none=True)
        with torch.no_grad():
            for layer in player.modules():
                if isinstance(layer, Spectral):
                    layer.update_buffers()

    def of_discriminator() -> Tensor:
        with torch.no_grad():
            fake = g(source)
        loss: Tensor = recipe.loss.discriminator(d(target), d(fake))
        return loss

    def of_generator() -> Tensor:
        made = g(source)
        total: Tensor = recipe.pixel_weight * (made - target).abs().mean() / 2
        if recipe.adversarial:
            total = total + recipe.perceptual(made, target).mean()
            total = total + recipe.adversarial * recipe.loss.generator(d(made), d(target))
        return total

    def step() -> None:
        if recipe.adversarial:
            update(d, of_discriminator)
        update(g, of_generator)

    return step


class Always:
    """Always the same pairs."""

    def __init__(self, source: Tensor, target: Tensor) -> None:
        self.rows = {"source": source, "target": target}

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return self.rows


def ours(recipe: Any, source: Tensor, target: Tensor, precision: str) -> Step:
    run = TrainingRun(recipe, Always(source, target), batch=len(source), total=10**6, precision=precision)

    def step() -> None:
        recipe.step(run)
        run.step += 1

    return step


def small(name: str) -> Any:
    return create(name, image=(3, SIDE, SIDE), source=(3, SIDE // 4, SIDE // 4))


def compare_steps(batch: int, rounds: int, foreign: float, clock: Callable[[], float]) -> None:
    source, target = (torch.rand(batch, 3, side, side) * 2 - 1 for side in (SIDE // 4, SIDE))
    for name in ("esrnet-small", "esrgan-small"):
        for precision in ("float32", "bf16"):
            sides = {
                kind: made(small(name), source, target, precision)
                for kind, made in (("plain", plain), ("ours", ours))
            }
            kept = interleaved(sides, rounds, foreign=foreign, clock=clock)
            middle, fastest = ratios(kept, "ours", "plain")
            times = {kind: 1000 * statistics.median(row[kind] for row in kept) for kind in sides}
            print(
                f"| {name} | {precision} | {times['plain']:.1f} ms | {times['ours']:.1f} ms "
                f"| {middle:.3f}, {fastest:.3f} |",
                flush=True,
            )


@torch.no_grad()
def compare_precisions(rounds: int, foreign: float, clock: Callable[[], float]) -> None:
    source = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    for name in ("rrdb", "srvgg"):
        made: Any = create(f"generator/{name}", source=(3, SIDE, SIDE), image=(3, 4 * SIDE, 4 * SIDE)).eval()

        def enlarge(precision: str, made: Any = made) -> Step:
            def call() -> object:
                with torch.no_grad(), cast(precision):
                    return made(source)

            return call

        sides = {precision: enlarge(precision) for precision in ("float32", "bf16")}
        kept = interleaved(sides, rounds, warm_up=1, foreign=foreign, clock=clock)
        gain = statistics.median(row["float32"] / row["bf16"] for row in kept)
        times = {kind: 1000 * statistics.median(row[kind] for row in kept) for kind in sides}
        print(
            f"| {name} | {times['float32']:.0f} ms | {times['bf16']:.0f} ms | {gain:.2f} times faster |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    timing_options(parser)
    parser.add_argument("--upscale", action="store_true", help="time upscaling instead of steps")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    clock, foreign = time.perf_counter, given.foreign
    if given.processor_time:
        clock, foreign = time.process_time, float("inf")
    if given.upscale:
        compare_precisions(given.rounds, foreign, clock)
    else:
        compare_steps(given.batch, given.rounds, foreign, clock)


if __name__ == "__main__":
    main()
