"""A step of VQGAN's first stage at 64×64 through `Run`, in float32 and bf16, against that of
CompVis/taming-transformers: a markdown table.

    git clone https://github.com/CompVis/taming-transformers build/taming-transformers
    OMP_NUM_THREADS=2 python benchmarks/vqgan_step.py --taming build/taming-transformers

Both sides have the same sizes (64, 128 and 256 channels, two residual blocks for each size, attention at
16×16, 1024 vectors of length 256), the discriminator from the first step on, and no perceptual distance. A
step is the update of the autoencoder and that of the discriminator, for which the other side makes the
reconstructions once more; ours also checks that everything is finite. All sides run in turn within one
process. Without a folder ours run alone.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import interleaved, timing_options
from torch import Tensor
from vqgan_peer import step_of

from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of

SIZE, VECTORS, RATE = 64, 1024, 3.6e-5
CHANGES = (
    *(
        f"{network}.{option}"
        for network in ("generator", "encoder.network")
        for option in ("width=64", "multipliers=[1,2,4]", "attention=[16]")
    ),
    *("perceptual_weight=0.0", "discriminator_start=0", "perceptual.extractor=pixels"),
    *(f"{name}.lr={RATE}" for name in ("optimizer", "discriminator_optimizer")),
    *("encoder.quantizer.commitment=1.0", "encoder.quantizer.codebook_weight=0.25"),
)
THEIRS = {
    "double_z": False,
    "z_channels": 256,
    "resolution": SIZE,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 64,
    "ch_mult": [1, 2, 4],
    "num_res_blocks": 2,
    "attn_resolutions": [16],
}
PRECISIONS = ("float32", "bf16")


class FixedBatch:
    """A source that always gives the same batch, so that no data are loaded."""

    def __init__(self, image: Tensor) -> None:
        self.position, self.rows = 0, {"image": image}

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return self.rows


def ours(image: Tensor, precision: str) -> Callable[[], None]:
    recipe = recipe_of("vqgan", list(CHANGES))
    recipe.bind(facts={"image": (3, SIZE, SIZE)}, by="the benchmark")
    run = TrainingRun(recipe, FixedBatch(image), batch=len(image), total=10**6, precision=precision)

    def step() -> None:
        recipe.step(run)
        run.step += 1

    return step


def table(sides: dict[str, Callable[[], None]], given: argparse.Namespace) -> str:
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time else given.foreign
    kept = interleaved(sides, given.rounds, warm_up=1, limit=given.limit, foreign=foreign, clock=clock)
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    lines = ["| side | ms | of the peer's | rounds |", "|---|---|---|---|"]
    for name in sides:
        middle = 1000 * statistics.median(row[name] for row in kept)
        ratio = f"{statistics.median(row[name] / row['peer'] for row in kept):.2f}" if "peer" in sides else ""
        lines.append(f"| {name} | {middle:.0f} | {ratio} | {len(kept)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--taming", type=Path, help="a checkout of CompVis/taming-transformers")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5, help="undisturbed rounds")
    parser.add_argument("--limit", type=float, default=120, help="most seconds for the rounds")
    timing_options(parser)
    given = parser.parse_args()
    torch.manual_seed(0)
    image = torch.rand(given.batch, 3, SIZE, SIZE) * 2 - 1
    sides = {precision: ours(image, precision) for precision in PRECISIONS}
    if given.taming:
        sides = {"peer": step_of(given.taming, THEIRS, VECTORS, image, RATE), **sides}
    print(f"batch {given.batch}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(table(sides, given))


if __name__ == "__main__":
    main()
