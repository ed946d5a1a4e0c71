"""A step of Pix2Pix through `Run`, in float32 and bf16, against a plain loop around the same networks, and
against the same loop with torch's own layers, layout and Adam, as released code has them.

    OMP_NUM_THREADS=1 python benchmarks/pix2pix_step.py --processor-time
    OMP_NUM_THREADS=1 python benchmarks/pix2pix_step.py --processor-time --size 64 --width 16 --rounds 40

All sides make a translation once, update the generator, and then the discriminator by the translation and its
target. Ours also checks that everything is finite. They run in turn within one process. Two ratios are told:
the median of those of each round, and that of the fastest steps, which others that share the machine disturb
least.
"""

import argparse
import time
from typing import Any

import torch
from esrgan_step import Step, cast, ours
from interleaved import interleaved, ratios, timing_options
from torch import Tensor, nn

from gancore.nn import Conv2d, ConvTranspose2d
from gancore.verbs.recipes import recipe_of

PRECISIONS = ("float32", "bf16")
TORCH = {Conv2d: nn.Conv2d, ConvTranspose2d: nn.ConvTranspose2d}


def pix2pix(size: int, width: int) -> Any:
    recipe: Any = recipe_of("pix2pix", [f"generator.width={width}", f"discriminator.width={width}"])
    recipe.bind(facts={"image": (3, size, size), "source": (3, size, size), "classes": 0}, by="the benchmark")
    return recipe


def of_torch(recipe: Any) -> Any:
    """The networks with torch's convolutions, in its layout."""
    for layer in recipe.modules():
        layer.__class__ = TORCH.get(type(layer), type(layer))
    return recipe.to(memory_format=torch.contiguous_format)


def plain(recipe: Any, source: Tensor, target: Tensor, precision: str, fused: bool = True) -> Step:
    """One update of each player in a few lines of PyTorch."""
    g, d = recipe.generator.train(), recipe.discriminator.train()
    if fused:
        source, target = (x.to(memory_format=torch.channels_last) for x in (source, target))
    adam = {m: torch.optim.Adam(m.parameters(), 2e-4, betas=(0.5, 0.999), fused=fused) for m in (g, d)}

    def moved(player: nn.Module, loss: Tensor) -> None:
        torch.autograd.backward(loss)
        adam[player].step()
        adam[player].zero_grad(set_to_none=True)

    def step() -> None:
        d.requires_grad_(False)
        with cast(precision):
            made = g(source)
            score = d(torch.cat([source, made], 1))
            loss = recipe.loss.generator(score) + 100 * (made - target).abs().mean()
        moved(g, loss)
        d.requires_grad_(True)
        with cast(precision):
            real, fake = (d(torch.cat([source, x], 1)) for x in (target, made.detach()))
            loss = recipe.loss.discriminator(real, fake)
        moved(d, loss)

    return step


def sides_of(given: argparse.Namespace, precision: str) -> dict[str, Step]:
    source, target = (torch.rand(given.batch, 3, given.size, given.size) * 2 - 1 for _ in range(2))
    rows = source, target, precision
    return {
        "ours": ours(pix2pix(given.size, given.width), *rows),
        "plain": plain(pix2pix(given.size, given.width), *rows),
        "torch": plain(of_torch(pix2pix(given.size, given.width)), *rows, fused=False),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    timing_options(parser)
    for name, default in (("size", 256), ("width", 64), ("batch", 1), ("rounds", 9)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    clock, foreign = time.perf_counter, given.foreign
    if given.processor_time:
        clock, foreign = time.process_time, float("inf")
    print("| precision | ours | plain | torch | ours / plain | ours / torch |\n|---|---|---|---|---|---|")
    for precision in PRECISIONS:
        kept = interleaved(sides_of(given, precision), given.rounds, warm_up=1, foreign=foreign, clock=clock)
        times = [f"{1000 * min(row[name] for row in kept):.1f} ms" for name in ("ours", "plain", "torch")]
        told = ["{:.3f}, {:.3f}".format(*ratios(kept, "ours", other)) for other in ("plain", "torch")]
        print(f"| {precision} | {' | '.join([*times, *told])} |", flush=True)


if __name__ == "__main__":
    main()
