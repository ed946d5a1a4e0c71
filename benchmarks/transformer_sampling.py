"""Drawing indices by a causal transformer, with its cache of keys and values and without: a markdown table.

    OMP_NUM_THREADS=2 python benchmarks/transformer_sampling.py

Both sides are the same network and draw the same indices of 16×16 maps from the same noise; without the
cache, each index takes a pass over all before it, as in the released code of VQGAN. They run in turn. Takes
minutes.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from gancore_vqgan import Transformer
from interleaved import interleaved, timing_options
from torch import Tensor


def uncached(sampler: Transformer, noise: Tensor) -> Tensor:
    """The same indices, from a pass over all tokens so far for each."""
    rows = noise.flatten(1)
    tokens = sampler.prefix(len(rows), None)
    drawn: list[Tensor] = []
    for place in range(rows.shape[1]):
        logits = sampler.stack.logits(sampler.stack.hidden(tokens, sampler.masks)[:, -1])
        drawn.append(sampler.pick(logits, rows[:, place]))
        tokens = torch.cat([tokens, sampler.table(drawn[-1][:, None])], 1)
    return torch.stack(drawn, 1).view(noise.shape)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--codebook", type=int, default=1024)
    parser.add_argument("--side", type=int, default=16, help="rows and columns of the map of indices")
    parser.add_argument("--count", type=int, nargs="+", default=[1, 8], help="images drawn at a time")
    parser.add_argument("--rounds", type=int, default=3)
    timing_options(parser)
    given = parser.parse_args()
    sampler = Transformer(
        latent=(given.side, given.side),
        codebook_size=given.codebook,
        layers=given.layers,
        heads=given.heads,
        width=given.width,
    ).eval()
    clock = time.process_time if given.processor_time else time.perf_counter
    print(f"{given.side}×{given.side} indices of {given.codebook}, {given.layers} blocks of {given.width}\n")
    print("| images | seconds with the cache | without | times as fast |")
    print("|---|---|---|---|")
    for count in given.count:
        noise = torch.rand(count, given.side, given.side)
        sides: dict[str, Callable[[], object]] = {
            "cached": lambda noise=noise: sampler.latents(noise),
            "uncached": lambda noise=noise: uncached(sampler, noise),
        }
        with torch.no_grad():
            if not torch.equal(sampler.latents(noise), uncached(sampler, noise)):
                print("the two sides differ in some index, which rounding may explain")
            kept = interleaved(sides, given.rounds, warm_up=0, foreign=given.foreign, clock=clock)
        if not kept:
            raise SystemExit("no round was undisturbed; try again, or with a larger --foreign")
        cached, slow = (statistics.median(one[name] for one in kept) for name in ("cached", "uncached"))
        print(f"| {count} | {cached:.2f} | {slow:.2f} | {slow / cached:.1f} |")


if __name__ == "__main__":
    main()
