"""Translating and enlarging images: bf16 against float32, and tiles against the whole.

    OMP_NUM_THREADS=2 python benchmarks/translation.py
    OMP_NUM_THREADS=1 python benchmarks/translation.py --processor-time

The networks are the U-Net of Pix2Pix for 256×256 and the RRDBNet of ESRGAN for ×4, with random weights and of
their published size unless told otherwise. All are given images as `gancore translate` gives them: one after
the other, in channels_last, with weights that are cast once for all of them.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial

import torch
from gancore_esrgan import RRDBNet
from interleaved import interleaved, timing_options
from torch import Tensor

from gancore.pipeline import Pipeline, Tiles, translated
from gancore.standard import Identity, UNet
from gancore.verbs.translating.engine import Engine, Way

PRECISIONS = ("float32", "bf16")


def between(generator: RRDBNet | UNet) -> Pipeline:
    """A pipeline that translates by this network alone."""
    return Pipeline(conditioner=Identity(code=tuple(generator.code_shape)), generator=generator)


def in_both(pipeline: Pipeline, image: Tensor, count: int) -> Mapping[str, Callable[[], Tensor]]:
    """What translates an image so many times, by precision."""

    def call(engine: Engine) -> Tensor:
        with engine.running():
            return [engine.made(image) for _ in range(count)][-1]

    return {name: partial(call, Engine.of(pipeline, Way(precision=name))) for name in PRECISIONS}


def compared(title: str, sides: Mapping[str, Callable[[], Tensor]], given: argparse.Namespace) -> None:
    """Prints the milliseconds of each side, how much faster the second is, and how much they differ."""
    first, second = sides
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time else given.foreign
    with torch.no_grad():
        made = {name: side() for name, side in sides.items()}
        kept = interleaved(sides, given.rounds, warm_up=1, limit=given.limit, foreign=foreign, clock=clock)
    if not kept:
        print(f"| {title} | no round was undisturbed; try when the machine is quiet, or a larger --foreign |")
        return
    times = [1000 * statistics.median(one[name] for one in kept) for name in sides]
    ratio = statistics.median(one[first] / one[second] for one in kept)
    differ = (made[first] - made[second]).abs().max()
    told = [f"{first} {times[0]:.0f} ms", f"{second} {times[1]:.0f} ms", f"{ratio:.2f}", f"{differ:.1g}"]
    print("|", " | ".join([title, *told, str(len(kept))]), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--blocks", type=int, default=23, help="of the RRDBNet")
    parser.add_argument("--source", type=int, default=128, help="sides of the image that is enlarged")
    parser.add_argument("--tile", type=int, default=64, help="sides of its tiles")
    parser.add_argument("--overlap", type=int, default=16)
    parser.add_argument("--images", type=int, default=4, help="that the U-Net translates in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=600, help="most seconds for each comparison")
    timing_options(parser)
    given = parser.parse_args()
    torch.manual_seed(0)
    side = given.source
    unet = between(UNet(image=(3, 256, 256), source=(3, 256, 256)))
    rrdb = between(RRDBNet(image=(3, 4 * side, 4 * side), source=(3, side, side), blocks=given.blocks))
    image, large = torch.rand(1, 3, 256, 256) * 2 - 1, torch.rand(1, 3, side, side) * 2 - 1
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("| | first | second | times as fast | largest difference | rounds |\n|---|---|---|---|---|---|")
    count = given.images
    compared(f"{count} images by U-Net, 256×256", in_both(unet, image, count), given)
    compared(f"RRDBNet, {side}×{side} → ×4", in_both(rrdb, large, 1), given)
    cut = Tiles(given.tile, given.overlap)
    tiled = {
        "whole": partial(translated, rrdb, large),
        "tiled": partial(translated, rrdb, large, tiles=cut),
    }
    compared(f"RRDBNet, tiles of {given.tile} + {given.overlap}", tiled, given)


if __name__ == "__main__":
    main()
