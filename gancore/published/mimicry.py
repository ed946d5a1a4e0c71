"""Networks of torch-mimicry: their sizes and weights, by the names of `gancore.nn.resnet`."""

import math
import re
from collections.abc import Mapping

import attrs
from torch import Tensor
from torch.nn import functional

from gancore.component.interfaces import ImageShape
from gancore.errors import CheckpointError
from gancore.published.networks import Network
from gancore.published.refusals import shown
from gancore.published.spectral import weight_and_v

__all__ = [
    "DownSizes",
    "UpSizes",
    "down_sizes",
    "is_down",
    "is_spectral",
    "is_up",
    "resnet_weights",
    "up_sizes",
]

INFOMAX = ("local_feat_blocks.", "global_feat_blocks.", "local_nrkhs", "global_nrkhs")
"""How names begin in discriminators of InfoMax-GAN alone."""
LAYERS = {"c1": "conv1", "c2": "conv2", "c_sc": "shortcut", "b1": "norm1", "b2": "norm2"}
ATTENTION = {"theta": "query", "phi": "key", "g": "value", "o": "out"}
SIZES = {4: 32, 5: 64, 6: 128}
"""Size of the images, by the blocks of a discriminator."""
SMALLER = 48
"""Size of the images of the other discriminators with 5 blocks, of which the last does not halve."""
LEAST, MOST = 4, 7
"""Sides of the smallest map (`bottom_width` there) with which the networks here can be built."""
ATTENDS_AFTER = {3: 2, 5: 3}
"""The block of a generator whose maps attend, counted from 1, by its blocks."""
MOST_BLOCKS, WIDEST = 10, 16384


@attrs.frozen
class UpSizes:
    """The sizes of a generator: length of the latent, channels of the maps, shape of the images, and the
    shorter side of the maps that attend, 0 for none.
    """

    latent: int
    widths: tuple[int, ...]
    image: ImageShape
    classes: int
    attention: int


@attrs.frozen
class DownSizes:
    """The sizes of a discriminator: channels after each block, how many halve, shape of the images, and the
    shorter side of the maps that attend, 0 for none.
    """

    widths: tuple[int, ...]
    halvings: int
    image: ImageShape
    classes: int
    attention: int


def is_up(network: Network) -> bool:
    """Whether it is a generator of torch-mimicry's residual families."""
    names = network.tensors.keys()
    return any(n.startswith("l1.weight") for n in names) and any(n.startswith("block2.c1.") for n in names)


def is_down(network: Network) -> bool:
    """Whether it is a discriminator of torch-mimicry's residual families."""
    names = network.tensors.keys()
    firsts = ("block1.c1.", f"{INFOMAX[0]}0.c1.")
    return any(n.startswith(firsts) for n in names) and not any(n.startswith("l1.") for n in names)


def is_spectral(network: Network, layer: str) -> bool:
    """Whether a layer, as `block2.c1`, is spectrally normalized; all of InfoMax-GAN's discriminator are."""
    if any(name.startswith(INFOMAX) for name in network.tensors):
        return True
    return any(f"{layer}.{name}" in network.tensors for name in ("weight_u", "sn_u"))


def up_sizes(network: Network) -> UpSizes:
    """The sizes of a generator, from its weights. Raises CheckpointError if they disagree."""
    found = resnet_weights(network)
    blocks = _blocks(found)
    start, last = _shape(found, "start.weight", 2), _shape(found, "to_image.weight", 4)
    widths = (*(_shape(found, f"blocks.{i}.conv1.weight", 4)[1] for i in range(blocks)), last[1])
    side = math.isqrt(start[0] // widths[0])
    if start[0] != side**2 * widths[0]:
        raise CheckpointError(
            f"l1.weight has {start[0]} rows, not a square number for each of {widths[0]} channels"
        )
    if not LEAST <= side <= MOST:
        raise CheckpointError(
            f"the smallest map of the generator is {side}×{side} (its bottom_width), but networks here start "
            f"from {LEAST}×{LEAST} to {MOST}×{MOST}; import a network that was trained so"
        )
    size = side << blocks
    gain = found.get("blocks.0.norm1.gain.weight")
    classes = 0 if gain is None else len(gain)
    attention = (side << ATTENDS_AFTER.get(blocks, blocks - 1)) * ("attention.gate" in found)
    return UpSizes(start[1], widths, (last[0], size, size), classes, attention)


def down_sizes(network: Network) -> DownSizes:
    """The sizes of a discriminator, from its weights; those of its images are the setting `size`, or those
    of its generator (`Network.image`), or follow from its blocks. Raises CheckpointError if they disagree, or
    nothing tells the size.
    """
    found = resnet_weights(network)
    blocks = _blocks(found)
    widths = tuple(_shape(found, f"blocks.{i}.conv2.weight", 4)[0] for i in range(blocks))
    height, width = _size(network, blocks)
    # without a change of shape there is no layer in a shortcut; the last of 48 pixels widens, but halves not
    halvings = sum(f"blocks.{i}.shortcut.weight" in found for i in range(blocks))
    smaller = _is_smaller(network) or (_is_critic(network) and height < SIZES[5])
    halvings -= blocks == 5 == halvings and smaller
    colors = _shape(found, "blocks.0.conv1.weight", 4)[1]
    classes = len(found.get("embedding.weight", ()))
    attention = (min(height, width) >> 2) * ("attention.gate" in found)  # always after the second block
    return DownSizes(widths, halvings, (colors, height, width), classes, attention)


def _size(network: Network, blocks: int) -> tuple[int, int]:
    """Height and width of the images of a discriminator."""
    size = network.init_kwargs.get("size")
    if size is None and network.image is not None:
        return network.image[1:]
    if size is None and blocks == 5 and _is_critic(network):
        raise CheckpointError(
            f"a critic of 5 blocks reads images of {SMALLER} or {SIZES[5]} pixels, and its weights do not "
            "tell which; import it with its generator"
        )
    usual = SMALLER if blocks == 5 and _is_smaller(network) else SIZES.get(blocks)
    size = usual if size is None else size
    if type(size) is not int or not 4 <= size <= 2048:
        raise CheckpointError(
            f"the size of its images is {shown(size)}; known are those of 4, 5 and 6 blocks"
        )
    return size, size


def _is_smaller(network: Network) -> bool:
    """Whether the score of a discriminator of 5 blocks is called as for 48 pixels; l6 otherwise."""
    return any(name.startswith("l5.") for name in network.tensors)


def _is_critic(network: Network) -> bool:
    """Whether it is one of WGAN-GP, whose scores have the same name at 48 pixels and at 64."""
    return not is_spectral(network, "block1.c1")


def resnet_weights(network: Network) -> dict[str, Tensor]:
    """The weights by the names of `ResNetUp`, or of `ResNetDown` with `score` and `embedding` beside it.

    Spectral normalization is torch's (`weight_orig`, `weight_u`, `weight_v`) or torch-mimicry's own (`sn_u`).
    The layer that tells rotations in SSGAN's discriminators is left out.

    Raises:
        CheckpointError: a name is not known.
    """
    up = is_up(network)
    made: dict[str, Tensor] = {}
    turns = "l_y.bias" in network.tensors  # an embedding of classes has none
    for name, value in _spectral(network.tensors).items():
        layer, _, rest = name.rpartition(".")
        if turns and layer == "l_y":
            continue
        ours = _layer(layer, up)
        if rest == "gamma":
            made["attention.gate"] = value
        elif ours.endswith(".embed"):
            norm = ours.removesuffix(".embed")
            gain, bias = value.chunk(2, 1)
            made |= {f"{norm}.gain.weight": gain - 1, f"{norm}.bias.weight": bias}
        else:
            made[f"{ours}.{rest}"] = value
    return made


def _layer(name: str, up: bool) -> str:
    block, _, inner = name.partition(".")
    if found := re.fullmatch(r"block(\d+)", block):
        first, _, more = inner.partition(".")
        more = {"": "", "bn": ".norm", "embed": ".embed"}.get(more, "?")
        if first in LAYERS and more != "?":
            return f"blocks.{int(found[1]) - (2 if up else 1)}.{LAYERS[first]}{more}"
    if block == "attn_block":
        return f"attention.{ATTENTION.get(inner, inner)}" if inner else "attention"
    if re.fullmatch(r"l1|b\d+|c\d+", block) and up and not inner:
        return {"l": "start", "b": "norm", "c": "to_image"}[block[0]]
    if re.fullmatch(r"l\d+|l_y", block) and not up and not inner:
        return "embedding" if block == "l_y" else "score"
    if name.startswith(INFOMAX):
        raise CheckpointError(
            "discriminators of InfoMax-GAN are not supported; import its generator, which is SNGAN's, alone"
        )
    raise CheckpointError(f"{shown(name)} is not a layer of torch-mimicry's residual networks")


def _spectral(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Plain names: `weight`, and `v` for each layer that is spectrally normalized."""
    made = {}
    for name, value in tensors.items():
        layer, _, rest = name.rpartition(".")
        if rest == "weight_orig":
            u, v = (tensors[f"{layer}.weight_{name}"] for name in "uv")
            made[f"{layer}.weight"], made[f"{layer}.v"] = weight_and_v(value, u, v)
        elif rest == "sn_u":
            weight = tensors[f"{layer}.weight"]
            v = functional.normalize(value.reshape(-1) @ weight.flatten(1), dim=0)
            made[f"{layer}.v"] = v.reshape(1, *weight.shape[1:])
        elif rest not in ("weight_u", "weight_v", "sn_sigma"):
            made[name] = value
    return made


def _blocks(found: Mapping[str, Tensor]) -> int:
    count = len({name.split(".")[1] for name in found if name.startswith("blocks.")})
    if not 1 <= count <= MOST_BLOCKS:
        raise CheckpointError(f"the network has {count} blocks, not 1 to {MOST_BLOCKS}")
    return count


def _shape(found: Mapping[str, Tensor], name: str, dims: int) -> tuple[int, ...]:
    shape = tuple(found[name].shape) if name in found else ()
    if len(shape) != dims or 0 in shape or max(shape) > WIDEST * 16:
        raise CheckpointError(f"{name} is {shape or 'missing'}, not a shape of {dims} positive numbers")
    return shape
