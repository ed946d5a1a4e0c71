"""The sizes of the published networks, from their weights."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gancore.errors import CheckpointError
from gancore_r3gan.layers import filter_of

__all__ = ["count_stages", "image_size", "options", "plain_names"]

MOST_STAGES = 12


def plain_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the name of the wrapper that the training puts around the networks."""
    return {name.removeprefix("Model."): value for name, value in tensors.items()}


def count_stages(found: Mapping[str, Tensor]) -> int:
    """The number of stages. Raises CheckpointError if there are none, or too many."""
    count = len({name.split(".")[1] for name in found if name.startswith("MainLayers.")})
    if not 1 <= count <= MOST_STAGES:
        raise CheckpointError(f"the network has {count} stages, not 1 to {MOST_STAGES}")
    return count


def image_size(found: Mapping[str, Tensor], basis: str, stages: int) -> tuple[int, int]:
    """Height and width of the images, from the smallest map."""
    height, width = found[basis].shape[-2:]
    return height << (stages - 1), width << (stages - 1)


def options(found: Mapping[str, Tensor], stages: Sequence[int], first: int) -> dict[str, Any]:
    """The options of a network, from the weights of its stages, the smallest maps first; `first` is the
    number of a stage's first block.
    """
    for i in stages:
        if not _count(found, i):
            raise CheckpointError(f"stage {i} has no residual block; networks with one or more are read")
    wide = [found[f"MainLayers.{i}.Layers.{first}.LinearLayer1.Layer.weight"].shape for i in stages]
    grouped = [found[f"MainLayers.{i}.Layers.{first}.LinearLayer2.Layer.weight"].shape for i in stages]
    expansions = {shape[0] // shape[1] for shape in wide}
    kernels = {shape[2] for shape in grouped}
    if len(expansions) > 1 or len(kernels) > 1:
        raise CheckpointError("stages of the network differ in expansion or kernel; it cannot be imported")
    return {
        "widths": tuple(shape[1] for shape in wide),
        "cardinalities": tuple(shape[0] // shape[1] for shape in grouped),
        "blocks": tuple(_count(found, i) for i in stages),
        "expansion": expansions.pop(),
        "kernel": kernels.pop(),
        "resampling": _taps(found),
    }


def _count(found: Mapping[str, Tensor], stage: int) -> int:
    pattern = rf"MainLayers\.{stage}\.Layers\.\d+\.LinearLayer3\.Layer\.weight"
    return sum(re.fullmatch(pattern, name) is not None for name in found)


def _taps(found: Mapping[str, Tensor]) -> tuple[float, ...]:
    """The filter that the maps are resampled with: its kernel is the outer product of the taps, each spread
    over two samples.
    """
    kernel = next((value for name, value in found.items() if name.endswith("Resampler.Kernel")), None)
    if kernel is None:
        return (1, 2, 1)
    row = kernel.double().sum(0).tolist()
    taps = [row[0]]
    for value in row[1:-1]:
        taps.append(value - taps[-1])
    if not torch.allclose(kernel, kernel.flip(0, 1), atol=1e-6):
        raise CheckpointError("maps are resampled with an asymmetric filter; symmetric ones are read")
    least = min((abs(tap) for tap in taps if tap), default=1.0)
    taps = [round(tap / least, 6) for tap in taps]
    spread = torch.tensor(filter_of(tuple(taps)), dtype=torch.float64)
    spread /= spread.sum()
    if not torch.allclose(torch.outer(spread, spread), kernel.double(), atol=1e-6):
        raise CheckpointError("maps are resampled with an unknown filter; the network cannot be imported")
    return tuple(taps)
