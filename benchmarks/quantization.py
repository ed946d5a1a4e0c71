"""Quantization forward and backward against CompVis/taming-transformers and
lucidrains/vector-quantize-pytorch: a table of times in markdown, ratios, and the largest tensor of each side.

    git clone https://github.com/CompVis/taming-transformers build/taming-transformers
    git clone https://github.com/lucidrains/vector-quantize-pytorch build/vector-quantize-pytorch
    pip install --target=build/peers --no-deps einops einx
    PYTHONPATH=build/peers OMP_NUM_THREADS=2 python benchmarks/quantization.py \
        --taming build/taming-transformers --lucidrains build/vector-quantize-pytorch

Code maps and codebooks are normal, and equal on all sides with a codebook that gradients move. What is
differentiated is the mean of the quantized map and the side's own terms. All sides run in turn within one
process. Without folders ours run alone.
"""

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from interleaved import interleaved, timing_options
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from vqgan_peer import modules

from gancore.component.part import Part
from gancore.standard import MovingAverageQuantizer, VectorQuantizer
from gancore.testing.forward import update_buffers

Call = Callable[[], tuple[Tensor, Tensor]]
"""A pass forward and backward: the indices, and the gradient in the code map."""


def differentiated(code: Tensor, quantize: Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]) -> Call:
    """A pass of a side that gives the quantized map, the sum of its terms and the indices."""

    def call() -> tuple[Tensor, Tensor]:
        given = code.detach().requires_grad_()
        quantized, loss, index = quantize(given)
        (quantized.mean() + loss).backward()
        assert given.grad is not None
        return index.detach().flatten(), given.grad

    return call


def ours(part: Part) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
    """The quantizer while training, with what follows an update."""

    def quantize(code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        part.zero_grad()
        made = part(code)
        update_buffers(part)
        return made.code, torch.stack(list(made.terms.values())).sum(), made.indices

    return quantize


def tamings(folder: Path, book: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
    """VectorQuantizer2 with β at the commitment."""
    part = modules(folder)[1].VectorQuantizer2(*book.shape, beta=0.25, legacy=False)
    part.embedding.weight.data.copy_(book)

    def quantize(code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        part.zero_grad()
        quantized, loss, (_, _, index) = part(code)
        return quantized, loss, index

    return quantize


def lucidrains(
    folder: Path, book: Tensor, **options: Any
) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
    """VectorQuantize, by default with a codebook that is a moving average."""
    sys.path.append(str(folder))
    size, depth = book.shape
    maker = importlib.import_module("vector_quantize_pytorch").VectorQuantize
    part = maker(dim=depth, codebook_size=size, accept_image_fmap=True, commitment_weight=0.25, **options)
    part._codebook.embed.data.copy_(book)

    def quantize(code: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        part.zero_grad()
        quantized, index, loss = part(code)
        return quantized, loss.sum(), index

    return quantize


class Largest(TorchDispatchMode):
    """Notes the bytes of the largest tensor that is made."""

    bytes = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        for one in _tensors(tree_leaves(made)):
            self.bytes = max(self.bytes, one.untyped_storage().nbytes())
        return made


def _tensors(values: Iterable[Any]) -> Iterable[Tensor]:
    return (value for value in values if isinstance(value, Tensor))


def largest(call: Call) -> float:
    """The MiB of the largest tensor of a pass."""
    with Largest() as seen:
        call()
    return seen.bytes / 2**20


def sides(given: argparse.Namespace) -> dict[str, Call]:
    """The passes by name."""
    depth, size, side = given.depth, given.vectors, given.side
    code, book = torch.randn(given.batch, depth, side, side), torch.randn(size, depth)
    found: dict[str, Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]] = {}
    for one in (VectorQuantizer, MovingAverageQuantizer):
        part = one(size=size, code=(depth, side, side))
        part.vectors.data.copy_(book)
        found[f"quantizer/{part.name}"] = ours(part)
    if given.taming:
        found["taming-transformers"] = tamings(given.taming, book)
    if given.lucidrains:
        found["vector-quantize-pytorch"] = lucidrains(given.lucidrains, book)
        learned = {"learnable_codebook": True, "ema_update": False}
        found["vector-quantize-pytorch, learned"] = lucidrains(given.lucidrains, book, **learned)
    return {name: differentiated(code, quantize) for name, quantize in found.items()}


PEERS = {
    "quantizer/vector": (
        "taming-transformers",
        "vector-quantize-pytorch, learned",
        "vector-quantize-pytorch",
    ),
    "quantizer/moving-average": ("vector-quantize-pytorch",),
}


def table(calls: Mapping[str, Call], given: argparse.Namespace) -> str:
    """Times and largest tensors, then ratios of times within one round."""
    clock = time.process_time if given.processor_time else time.perf_counter
    foreign = float("inf") if given.processor_time else given.foreign
    sizes = {name: largest(call) for name, call in calls.items()}
    kept = interleaved(calls, given.rounds, warm_up=1, limit=given.limit, foreign=foreign, clock=clock)
    if not kept:
        raise SystemExit(
            "no round was undisturbed; try when the machine is quiet, or allow more with --foreign"
        )
    lines = ["| side | ms | largest tensor, MiB |", "|---|---|---|"]
    for name in calls:
        middle = 1000 * statistics.median(row[name] for row in kept)
        lines.append(f"| {name} | {middle:.1f} | {sizes[name]:.0f} |")
    for mine, others in PEERS.items():
        for other in (name for name in others if name in calls):
            ratio = statistics.median(row[mine] / row[other] for row in kept)
            lines.append(f"\n{mine} takes {ratio:.2f} of the time of {other}, median of {len(kept)} rounds")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--taming", type=Path, help="a checkout of CompVis/taming-transformers")
    parser.add_argument("--lucidrains", type=Path, help="a checkout of lucidrains/vector-quantize-pytorch")
    for name, default in (("batch", 8), ("side", 32), ("depth", 256), ("vectors", 2048)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rounds", type=int, default=15, help="undisturbed rounds")
    parser.add_argument("--limit", type=float, default=120, help="most seconds for the rounds")
    timing_options(parser)
    given = parser.parse_args()
    torch.manual_seed(0)
    calls = sides(given)
    inputs = given.batch * given.side**2
    print(
        f"{inputs} × {given.depth} by {given.vectors} vectors, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}\n"
    )
    if given.taming:
        (mine, slope), (theirs, other) = calls["quantizer/vector"](), calls["taming-transformers"]()
        same, off = (mine == theirs).double().mean(), (slope - other).abs().max() / other.abs().max()
        print(f"{same:.2%} of the indices are taming-transformers'; gradients differ by at most {off:.0e}\n")
    print(table(calls, given))


if __name__ == "__main__":
    main()
