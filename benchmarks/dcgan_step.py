"""What the library costs: one DCGAN step through `Run` against the same step written by hand in PyTorch, and
float32 against bf16.

    OMP_NUM_THREADS=2 python benchmarks/dcgan_step.py

Both sides have the same networks (64×64×3), loss, latents, weight average, fused Adam and finite check, and
start from the same weights.
"""

import argparse
import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy

import torch
from gancore_dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from interleaved import foreign_option, interleaved
from torch import Tensor, nn
from torch.nn.functional import softplus

from gancore.training.run import TrainingRun

LATENT = 100
Layout = torch.memory_format


class FixedBatch:
    """A source that always gives the same batch, so that no data are loaded."""

    def __init__(self, image: Tensor) -> None:
        self.position, self.image = 0, image

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return {"image": self.image}


def make_recipe(width: int, size: int) -> DCGAN:
    return DCGAN(
        image=(3, size, size),
        generator=DCGANGenerator(width=width),
        discriminator=DCGANDiscriminator(width=width),
    )


def lay_out(module: nn.Module, layout: Layout) -> nn.Module:
    return module.to(memory_format=layout)  # type: ignore[call-overload, no-any-return]


def through_run(width: int, size: int, image: Tensor, precision: str, layout: Layout) -> Callable[[], None]:
    recipe = make_recipe(width, size)
    run = TrainingRun(recipe, FixedBatch(image), batch=len(image), total=10**6, precision=precision)
    if layout is torch.contiguous_format:
        lay_out(recipe, layout)
        run._memory_format = layout

    def step() -> None:
        recipe.step(run)
        run.step += 1

    return step


def adam(module: nn.Module) -> torch.optim.Adam:
    return torch.optim.Adam(module.parameters(), lr=2e-4, betas=(0.5, 0.999), fused=True)


def by_hand(width: int, size: int, image: Tensor, precision: str, layout: Layout) -> Callable[[], None]:
    recipe = make_recipe(width, size)
    g, d = lay_out(recipe.generator.train(), layout), lay_out(recipe.discriminator.train(), layout)
    kept = deepcopy(g).requires_grad_(False)
    optimizers = {"g": adam(g), "d": adam(d)}
    rng, n, seen = torch.Generator().manual_seed(0), len(image), 0

    def latent() -> Tensor:
        return torch.rand(n, LATENT, generator=rng) * 2 - 1

    def move(name: str, module: nn.Module, loss: Tensor) -> None:
        torch.autograd.backward(loss)
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        if not torch.stack([loss.detach(), *torch._foreach_norm(gradients)]).isfinite().all():
            raise FloatingPointError(name)
        optimizers[name].step()
        optimizers[name].zero_grad(set_to_none=True)

    def cast() -> AbstractContextManager[object]:
        return torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else nullcontext()

    def step() -> None:
        nonlocal seen
        seen += n
        real = image.to(memory_format=layout)
        with cast():
            with torch.no_grad():
                fake = g(latent())
            loss = softplus(-d(real)).mean() + softplus(d(fake)).mean()
        move("d", d, loss)
        d.requires_grad_(False)
        with cast():
            loss = softplus(-d(g(latent()))).mean()
        move("g", g, loss)
        d.requires_grad_(True)
        with torch.no_grad():
            decay = 0.5 ** (n / min(10_000.0, 0.05 * seen))
            torch._foreach_lerp_(list(kept.parameters()), list(g.parameters()), 1 - decay)
            torch._foreach_copy_(list(kept.buffers()), list(g.buffers()))

    return step


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("width", 64), ("size", 64), ("batch", 16), ("rounds", 60), ("limit", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    foreign_option(parser)
    parser.add_argument(
        "--layouts", action="store_true", help="also time contiguous weights against channels_last"
    )
    given = parser.parse_args()
    torch.manual_seed(0)
    image = torch.rand(given.batch, 3, given.size, given.size) * 2 - 1
    last, plain = torch.channels_last, torch.contiguous_format
    sides = {
        "Run, float32": through_run(given.width, given.size, image, "float32", last),
        "by hand, float32": by_hand(given.width, given.size, image, "float32", last),
        "Run, bf16": through_run(given.width, given.size, image, "bf16", last),
        "by hand, bf16": by_hand(given.width, given.size, image, "bf16", last),
    }
    if given.layouts:
        sides["Run, float32, contiguous"] = through_run(given.width, given.size, image, "float32", plain)
        sides["Run, bf16, contiguous"] = through_run(given.width, given.size, image, "bf16", plain)
    kept = interleaved(sides, given.rounds, limit=given.limit, foreign=given.foreign)
    report(given, kept)


def report(given: argparse.Namespace, kept: list[dict[str, float]]) -> None:
    where = (
        f"{given.size}×{given.size}, width {given.width}, batch {given.batch}, "
        f"{torch.get_num_threads()} threads"
    )
    print(f"{where}: {len(kept)} undisturbed rounds of {given.rounds}")
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    for name in kept[0]:
        median = statistics.median(row[name] for row in kept)
        print(f"{name:26} {1000 * median:8.1f} ms  {given.batch / median:7.1f} images/s")
    ratios = [
        ("Run, float32", "by hand, float32"),
        ("Run, bf16", "by hand, bf16"),
        ("Run, float32", "Run, bf16"),
    ]
    ratios += [(f"Run, {p}, contiguous", f"Run, {p}") for p in ("float32", "bf16") if given.layouts]
    for above, below in ratios:
        spread = (
            statistics.quantiles([row[above] / row[below] for row in kept], n=4)
            if len(kept) > 1
            else [float("nan")] * 3
        )
        print(f"{above} / {below}: median {spread[1]:.3f} (quartiles {spread[0]:.3f}, {spread[2]:.3f})")


if __name__ == "__main__":
    main()
