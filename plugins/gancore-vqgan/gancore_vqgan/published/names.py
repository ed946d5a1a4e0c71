"""The names of weights in released networks, and here."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown

__all__ = ["decoder_weights", "discriminator_weights", "encoder_weights"]

INSIDE = {
    "norm1": "layers.0",
    "conv1": "layers.2",
    "norm2": "layers.3",
    "conv2": "layers.5",
    "nin_shortcut": "shortcut",
    "norm": "norm",
    "q": "query",
    "k": "key",
    "v": "value",
    "proj_out": "out",
    "conv": "conv",
}
"""Layers of residual blocks, of attention and of resampling, there and here."""
MIDDLE = ("mid.block_1", "mid.attn_1", "mid.block_2")


def encoder_weights(found: Mapping[str, Tensor], attends: Sequence[bool], blocks: int) -> dict[str, Tensor]:
    """The weights of encoder/vqgan. Raises CheckpointError if a name is not known."""
    levels = range(len(attends))
    order = ["conv_in"]
    for i in levels:
        order += [f"down.{i - 1}.downsample"] if i else []
        order += _level(f"down.{i}", blocks, attends[i])
    order += [*MIDDLE, "norm_out", "", "conv_out"]
    places = {f"encoder.{name}": f"layers.{i}" for i, name in enumerate(order)}
    return _renamed(found, "encoder.", {**places, "quant_conv": f"layers.{len(order)}"})


def decoder_weights(found: Mapping[str, Tensor], attends: Sequence[bool], blocks: int) -> dict[str, Tensor]:
    """The weights of generator/vqgan. Raises CheckpointError if a name is not known."""
    order = ["", "conv_in", *MIDDLE]
    for i in reversed(range(len(attends))):
        order += _level(f"up.{i}", blocks + 1, attends[i])
        order += [f"up.{i}.upsample"] if i else []
    order += ["norm_out"]
    places = {f"decoder.{name}": f"layers.{i}" for i, name in enumerate(order)}
    ends = {"post_quant_conv": "layers.0", "decoder.conv_out": "to_image"}
    return _renamed(found, "decoder.", {**places, **ends})


def discriminator_weights(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of discriminator/vqgan. Raises CheckpointError if a name is not known."""
    last = max(int(name.split(".")[1]) for name in found)
    made = {}
    for name, value in found.items():
        _, place, kind = name.split(".")
        made[f"head.{kind}" if int(place) == last else f"body.{place}.{kind}"] = value
    return made


def _level(name: str, blocks: int, attends: bool) -> Iterator[str]:
    """The layers of one size, in the order in which an image passes them."""
    for i in range(blocks):
        yield f"{name}.block.{i}"
        if attends:
            yield f"{name}.attn.{i}"


def _renamed(found: Mapping[str, Tensor], network: str, places: Mapping[str, str]) -> dict[str, Tensor]:
    """The weights of one network and of the convolution beside it, whose names are among the places."""
    beside = tuple(f"{name}." for name in places if not name.startswith(network))
    made = {}
    for name, value in found.items():
        if name.startswith((network, *beside)):
            made[_here(name, places)] = value
    return made


def _here(name: str, places: Mapping[str, str]) -> str:
    layer, _, kind = name.rpartition(".")
    block, _, inner = layer.rpartition(".")
    if layer in places:
        return f"{places[layer]}.{kind}"
    if block in places and inner in INSIDE:
        return f"{places[block]}.{INSIDE[inner]}.{kind}"
    raise CheckpointError(f"{shown(name)} is not the name of a weight of VQGAN; give weights of one")
