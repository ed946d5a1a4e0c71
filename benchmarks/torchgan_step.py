"""One DCGAN step, ours through `Run` against torchgan 0.1.0 of the same width; float32, and ours in bf16.

    pip install --no-deps --target=build/torchgan torchgan==0.1.0
    PYTHONPATH=build/torchgan OMP_NUM_THREADS=2 python benchmarks/torchgan_step.py

torchgan imports torchvision, of which its networks and losses use nothing: an empty module stands in for it.
Both sides draw their latents, update the discriminator and the generator with Adam; ours also averages the
weights and checks that everything is finite.
"""

import argparse
import statistics
import sys
import types
from collections.abc import Callable

import torch
from dcgan_step import through_run
from interleaved import foreign_option, interleaved
from torch import Tensor


def torchgan_step(size: int, image: Tensor) -> Callable[[], None]:
    for name in ("torchvision", "torchvision.utils", "torchvision.models"):
        sys.modules.setdefault(name, types.ModuleType(name))
    from torchgan.losses.minimax import MinimaxDiscriminatorLoss, MinimaxGeneratorLoss
    from torchgan.models.dcgan import DCGANDiscriminator, DCGANGenerator

    generator = DCGANGenerator(100, size, 3, 64)
    discriminator = DCGANDiscriminator(size, 3, 64)
    optimizers = [
        torch.optim.Adam(m.parameters(), lr=2e-4, betas=(0.5, 0.999)) for m in (generator, discriminator)
    ]
    losses = MinimaxGeneratorLoss(), MinimaxDiscriminatorLoss()
    device = torch.device("cpu")

    def step() -> None:
        losses[1].train_ops(generator, discriminator, optimizers[1], image, device)
        losses[0].train_ops(generator, discriminator, optimizers[0], device, len(image))

    return step


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("size", 64), ("batch", 16), ("rounds", 30), ("limit", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    foreign_option(parser)
    given = parser.parse_args()
    image = torch.rand(given.batch, 3, given.size, given.size) * 2 - 1
    sides = {"torchgan, float32": torchgan_step(given.size, image)}
    for precision in ("float32", "bf16"):
        sides[f"gancore, {precision}"] = through_run(64, given.size, image, precision, torch.channels_last)
    kept = interleaved(sides, given.rounds, limit=given.limit, foreign=given.foreign)
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    print(
        f"{given.size}×{given.size}, width 64, batch {given.batch}, {torch.get_num_threads()} threads: "
        f"{len(kept)} undisturbed rounds"
    )
    for name in sides:
        print(f"{name:20} {1000 * statistics.median(row[name] for row in kept):8.1f} ms")
    for name in list(sides)[1:]:
        ratio = statistics.median(row["torchgan, float32"] / row[name] for row in kept)
        print(f"torchgan, float32 / {name}: median {ratio:.2f}")


if __name__ == "__main__":
    main()
