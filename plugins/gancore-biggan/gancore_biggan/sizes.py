"""The sizes of the released PyTorch networks, from their weights."""

import math
import re
from collections.abc import Mapping
from typing import Any

import attrs
from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.errors import CheckpointError
from gancore.published.networks import Network
from gancore_biggan.names import is_deep
from gancore_biggan.unsupported import check_discriminator, check_generator

__all__ = ["DownSizes", "UpSizes", "down_sizes", "eps", "up_sizes"]

SMALL = 32
"""The images of the networks that halve them twice; their smallest maps are 8×8."""
EQUAL = 3
"""The stages of a generator whose maps all have the same channels, which is one for 32 pixels."""


@attrs.frozen
class UpSizes:
    """The sizes of a generator: its images, channels, sizes with attention, blocks of a stage; lengths of the
    latent and of the class embedding, and whether the latent is split.
    """

    image: ImageShape
    widths: tuple[int, ...]
    attention: tuple[int, ...]
    depth: int
    latent: int
    embedding: int
    classes: int
    hierarchical: bool


@attrs.frozen
class DownSizes:
    """The sizes of a discriminator: its images, channels, halvings, sizes with attention, blocks of a stage,
    and the number of classes.
    """

    image: ImageShape
    widths: tuple[int, ...]
    halvings: int
    attention: tuple[int, ...]
    depth: int
    classes: int


def eps(network: Network, name: str, default: float) -> float:
    """A setting such as `bn_eps`; state dicts have none."""
    given = network.init_kwargs.get(name, default)
    if not isinstance(given, float | int) or not 0 < given < 1:
        raise CheckpointError(f"{name} is {given!r}, not a number between 0 and 1")
    return float(given)


def up_sizes(network: Network) -> UpSizes:
    """The sizes of a generator. Raises CheckpointError where they disagree, or are not read."""
    found, deep = network.tensors, is_deep(network.tensors)
    blocks, rows = _blocks(found), found["linear.weight"].shape[0]
    first = found["blocks.0.0.conv1.weight"].shape[1]
    smallest = math.isqrt(rows // first)
    check_generator(found, smallest, deep)
    depth = _depth(found, blocks) if deep else 1
    stages, last = blocks // depth, found["output_layer.2.weight"]
    side = smallest << stages
    starts = [found[f"blocks.{i}.0.conv1.weight"].shape[1] for i in range(0, blocks, depth)]
    return UpSizes(
        image=(last.shape[0], side, side),
        widths=(*starts, last.shape[1]),
        attention=tuple(smallest << i for i in range(1, stages + 1) if _attends(found, i * depth - 1)),
        depth=depth,
        **_condition(found, stages),
    )


def down_sizes(network: Network) -> DownSizes:
    """The sizes of a discriminator. Raises CheckpointError where they disagree, or are not read."""
    found, deep = network.tensors, is_deep(network.tensors)
    check_discriminator(found, deep)
    stages = _blocks(found)
    spare = 0 if deep else 1
    # only networks for 32 pixels have so few stages
    halvings = 2 if stages == 3 + spare else stages - spare
    side = SMALL if halvings == 2 else 4 << halvings
    depth = sum(bool(re.fullmatch(r"blocks\.0\.\d+\.conv1\.weight", name)) for name in found)
    end = "conv4" if deep else "conv2"
    widths = tuple(found[f"blocks.{i}.0.{end}.weight"].shape[0] for i in range(stages))
    start = found["input_conv.weight" if deep else "blocks.0.0.conv1.weight"]
    maps = [side >> min(i + 1, halvings) for i in range(stages)]
    return DownSizes(
        image=(start.shape[1], side, side),
        widths=(start.shape[0], *widths) if deep else widths,
        halvings=halvings,
        attention=tuple(dict.fromkeys(size for i, size in enumerate(maps) if _attends(found, i))),
        depth=depth,
        classes=found["embed.weight"].shape[0],
    )


def _depth(found: Mapping[str, Tensor], blocks: int) -> int:
    """Blocks of each of BigGAN-deep's stages. Its code makes two where stages change the channels, and any
    number where none does.
    """
    channels = {found[f"blocks.{i}.0.conv1.weight"].shape[1] for i in range(blocks)}
    equal = len(channels | {found["output_layer.2.weight"].shape[1]}) == 1
    depth, rest = divmod(blocks, EQUAL) if equal else (2, blocks % 2)
    if rest:
        raise CheckpointError(f"{blocks} blocks are not stages of as many blocks each; the file is damaged")
    return depth


def _condition(found: Mapping[str, Tensor], stages: int) -> dict[str, Any]:
    """Lengths of latent and class embedding. Without a shared embedding, each norm has a table of classes."""
    inputs, gain = found["linear.weight"].shape[1], found["blocks.0.0.bn1.gain.weight"]
    if "shared.weight" not in found:
        return {"latent": inputs, "embedding": 0, "classes": gain.shape[0], "hierarchical": False}
    classes, embedding = found["shared.weight"].shape
    known = {"embedding": embedding, "classes": classes}
    if is_deep(found):
        return {**known, "latent": inputs - embedding, "hierarchical": True}
    split = gain.shape[1] > embedding
    return {**known, "latent": inputs * (stages + 1 if split else 1), "hierarchical": split}


def _blocks(found: Mapping[str, Tensor]) -> int:
    return len({name.split(".")[1] for name in found if name.startswith("blocks.")})


def _attends(found: Mapping[str, Tensor], block: int) -> bool:
    return any(name.startswith(f"blocks.{block}.") and name.endswith(".theta.weight") for name in found)
