"""Steps of SNGAN, WGAN-GP, BigGAN and R3GAN at 32×32 through `Run`, in float32 and bf16, against those of the
repositories that people use for them, and against a plain loop around the same networks: markdown tables.

    git clone https://github.com/kwotsin/mimicry build/mimicry
    git clone https://github.com/ajbrock/BigGAN-PyTorch build/BigGAN-PyTorch
    git clone https://github.com/brownvc/R3GAN build/R3GAN
    OMP_NUM_THREADS=2 python benchmarks/adversarial_step.py --mimicry build/mimicry \\
        --biggan build/BigGAN-PyTorch --r3gan build/R3GAN

Both sides hold the same networks, with the settings of the other side where these differ. An update is a
whole one, from latents to the step of Adam, penalties with their second derivatives included; ours also
checks that everything is finite, and its steps average the weights. All sides run in turn within one process;
peak memory of two steps is that of a process for each side. Without a folder ours run alone. Takes a few
minutes on two quiet cores.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from adversarial_loop import loop
from adversarial_peers import biggan, mimicry, r3gan
from interleaved import interleaved, timing_options
from torch import Tensor

from gancore.training.run import TrainingRun
from gancore.verbs.recipes import recipe_of

Calls = dict[str, Callable[[], object]]
SIZE = 32
UPDATES = ("discriminator update", "generator update")
OURS = ("float32", "bf16")


class Case(NamedTuple):
    """A recipe with the settings of the other side, and what is timed of both."""

    recipe: str
    changes: tuple[str, ...]
    classes: int
    peer: str
    calls: tuple[str, ...]


LIKE_MIMICRY = ("generator.widths=[256,256,256,256]", "discriminator.activated_shortcut=true")
CASES = {
    "sngan": Case("sngan", LIKE_MIMICRY, 0, "mimicry", UPDATES),
    "wgan-gp": Case("wgan-gp", LIKE_MIMICRY, 0, "mimicry", UPDATES),
    "biggan": Case("biggan-cifar", (), 10, "biggan", ("step",)),
    "r3gan": Case("r3gan", ("augment=no-augment",), 0, "r3gan", ("step",)),
}


class FixedBatch:
    """A source that always gives the same batch, so that no data are loaded."""

    def __init__(self, image: Tensor, label: Tensor) -> None:
        self.position, self.rows = 0, {"image": image, "label": label}

    def next(self, n: int | None = None) -> dict[str, Tensor]:
        return self.rows


def batch_of(family: str, given: argparse.Namespace) -> tuple[Tensor, Tensor]:
    images = torch.rand(given.batch, 3, SIZE, SIZE) * 2 - 1
    return images, torch.randint(max(CASES[family].classes, 1), (given.batch,))


def changes_of(family: str, given: argparse.Namespace) -> list[str]:
    changes = [*CASES[family].changes, "discriminator_steps=1"]
    if CASES[family].peer == "mimicry":
        changes.append(f"generator.upsampling={given.upsampling}")
    if family == "r3gan":
        for network in ("generator", "discriminator"):
            changes.append(f"{network}.widths={[given.width] * 4}".replace(" ", ""))
    return changes


def ours(family: str, given: argparse.Namespace, precision: str, *, by_hand: bool = False) -> Calls:
    image, label = batch_of(family, given)
    case = CASES[family]
    recipe = recipe_of(case.recipe, changes_of(family, given))
    recipe.bind(facts={"image": (3, SIZE, SIZE), "classes": case.classes}, by="the benchmark")
    if by_hand:
        return {"step": loop(family, recipe, image, label if case.classes else None, precision)}
    run = TrainingRun(recipe, FixedBatch(image, label), batch=given.batch, total=10**6, precision=precision)
    real = recipe.real_batch(run)

    def step() -> None:
        recipe.step(run)
        run.step += 1

    return {
        "discriminator update": lambda: recipe.update_discriminator(run, real),
        "generator update": lambda: recipe.update_generator(run, real),
        "step": step,
    }


def peer(family: str, given: argparse.Namespace) -> Calls | None:
    """The other side's calls, if its folder is given."""
    image, label = batch_of(family, given)
    folder = getattr(given, CASES[family].peer)
    if folder is None:
        return None
    if family == "biggan":
        return biggan(folder, image, label)
    if family == "r3gan":
        return r3gan(folder, given.width, image)
    return mimicry(folder, family.replace("-", "_"), image)


def sides_of(family: str, given: argparse.Namespace) -> dict[str, Calls]:
    sides = {"peer": peer(family, given), **{precision: ours(family, given, precision) for precision in OURS}}
    return {name: calls for name, calls in sides.items() if calls is not None}


def rounds_of(sides: Calls, given: argparse.Namespace) -> list[dict[str, float]]:
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time else given.foreign
    kept = interleaved(sides, given.rounds, warm_up=1, limit=given.limit, foreign=foreign, clock=clock)
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    return kept


def middle(kept: list[dict[str, float]], name: str) -> str:
    return f"{1000 * statistics.median(row[name] for row in kept):.0f}" if name in kept[0] else ""


def ratio(kept: list[dict[str, float]], above: str, below: str, digits: int = 2) -> str:
    if not {above, below} <= kept[0].keys():
        return ""
    return f"{statistics.median(row[above] / row[below] for row in kept):.{digits}f}"


def compared(families: list[str], given: argparse.Namespace) -> Iterator[str]:
    """Ours against the other side's."""
    yield (
        "| family | call | peer, ms | float32, ms | of the peer's | bf16, ms | of the peer's | of float32 | "
        "rounds |\n|---|---|---|---|---|---|---|---|---|"
    )
    for family in families:
        sides = sides_of(family, given)
        for call in CASES[family].calls:
            kept = rounds_of({name: calls[call] for name, calls in sides.items()}, given)
            cells = [
                family,
                call,
                middle(kept, "peer"),
                middle(kept, "float32"),
                ratio(kept, "float32", "peer"),
                middle(kept, "bf16"),
                ratio(kept, "bf16", "peer"),
                ratio(kept, "bf16", "float32"),
                str(len(kept)),
            ]
            yield f"| {' | '.join(cells)} |"


def against_loops(families: list[str], given: argparse.Namespace) -> Iterator[str]:
    """Whole steps of ours against a plain loop."""
    yield "\n| family | precision | step, ms | plain loop, ms | ratio | rounds |\n|---|---|---|---|---|---|"
    for family in families:
        for precision in OURS:
            sides = {
                "step": ours(family, given, precision)["step"],
                "loop": ours(family, given, precision, by_hand=True)["step"],
            }
            kept = rounds_of(sides, given)
            cells = [family, precision, middle(kept, "step"), middle(kept, "loop")]
            yield f"| {' | '.join([*cells, ratio(kept, 'step', 'loop', 3), str(len(kept))])} |"


def peak(family: str, side: str, given: argparse.Namespace) -> float:
    """MB at the peak of building a side and of two steps, in this process."""
    calls = peer(family, given) if side == "peer" else ours(family, given, side)
    assert calls is not None
    for _ in range(2):
        for call in CASES[family].calls:
            calls[call]()
    # ru_maxrss of a child counts what its parent held
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def peaks(families: list[str], given: argparse.Namespace) -> Iterator[str]:
    """Peak memory of each side, each in a process of its own."""
    yield "\n| family | peer, MB | float32, MB | bf16, MB |\n|---|---|---|---|"
    for family in families:
        cells = [family]
        for side in ("peer", *OURS):
            if side == "peer" and getattr(given, CASES[family].peer) is None:
                cells.append("")
                continue
            command = [sys.executable, *sys.argv, "--peak", family, side]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            cells.append(f"{json.loads(done.stdout.splitlines()[-1]):.0f}")
        yield f"| {' | '.join(cells)} |"


TABLES = {"peers": compared, "loops": against_loops, "memory": peaks}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", default=list(CASES), choices=CASES)
    parser.add_argument("--tables", nargs="+", default=list(TABLES), choices=TABLES)
    parser.add_argument("--mimicry", type=Path, help="a checkout of kwotsin/mimicry")
    parser.add_argument("--biggan", type=Path, help="a checkout of ajbrock/BigGAN-PyTorch")
    parser.add_argument("--r3gan", type=Path, help="a checkout of brownvc/R3GAN")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--width", type=int, default=192, help="channels of R3GAN; published: 768")
    parser.add_argument(
        "--upsampling",
        default="bilinear",
        choices=("bilinear", "nearest"),
        help="of SNGAN and WGAN-GP; mimicry has the first, the papers the second",
    )
    parser.add_argument("--rounds", type=int, default=5, help="undisturbed rounds of each call")
    parser.add_argument("--limit", type=float, default=60, help="most seconds for the rounds of one call")
    timing_options(parser)
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    given = arguments()
    torch.manual_seed(0)
    if given.peak:
        print(json.dumps(peak(*given.peak, given)))
        return
    print(f"batch {given.batch}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    for name in given.tables:
        for line in TABLES[name](given.families, given):
            print(line, flush=True)


if __name__ == "__main__":
    main()
