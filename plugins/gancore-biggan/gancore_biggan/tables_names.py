"""The sizes and weights of pytorch-pretrained-BigGAN's generators by the names that they have here."""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown, weight_and_v

__all__ = ["places", "tabled_sizes", "tabled_weights"]

Places = Mapping[int, tuple[int, int]]
COLORS = 3
"""The first channels of the last convolution are the image."""
DEPTH, SMALLEST = 2, 4
"""Blocks of a stage, and the side of the smallest map."""
TOP = {"gen_z": "start", "bn": "norm", "conv_to_rgb": "to_image"}
LAYERS = {
    **{f"conv_{i}": f"conv{i + 1}" for i in range(4)},
    **{f"bn_{i}": f"norm{i + 1}.norm" for i in range(4)},
    **{f"bn_{i}.scale": f"norm{i + 1}.gain" for i in range(4)},
    **{f"bn_{i}.offset": f"norm{i + 1}.bias" for i in range(4)},
    "snconv1x1_theta": "query",
    "snconv1x1_phi": "key",
    "snconv1x1_g": "value",
    "snconv1x1_o_conv": "out",
}
PARAMETERS = {"running_means": "means", "running_vars": "variances"}


def places(tensors: Mapping[str, Tensor]) -> Places:
    """Stage and position in it of each layer: blocks, and self-attention between two stages.

    Raises:
        CheckpointError: attention stands within a stage, a stage is not complete, or its first block changes
        the channels.
    """
    found: dict[int, tuple[int, int]] = {}
    blocks = 0
    for layer in range(_count(tensors)):
        if f"generator.layers.{layer}.gamma" not in tensors:
            found[layer] = (blocks // DEPTH, blocks % DEPTH)
            blocks += 1
        elif blocks % DEPTH or not blocks:
            raise CheckpointError(
                f"layer {layer} is self-attention within a stage of {DEPTH} blocks; networks with it after a "
                "stage are read, as released"
            )
        else:
            found[layer] = (blocks // DEPTH - 1, DEPTH)
    if blocks % DEPTH or not blocks:
        raise CheckpointError(f"{blocks} blocks are not stages of {DEPTH}; networks of such stages are read")
    for layer in (layer for layer, (_, inner) in found.items() if not inner):
        _check_first(tensors, layer)
    return found


def _check_first(tensors: Mapping[str, Tensor], layer: int) -> None:
    start, end = (tensors[f"generator.layers.{layer}.conv_{i}.weight_orig"].shape for i in (0, 3))
    if start[1] != end[0]:
        raise CheckpointError(
            f"layer {layer}, the first of {DEPTH} blocks of a stage, makes {end[0]} channels of {start[1]}; "
            "networks in which the second changes them are read, as released"
        )


def tabled_sizes(tensors: Mapping[str, Tensor], layers: Places) -> dict[str, Any]:
    """The options of a generator but its constants and the class embedding."""
    stages = max(stage for stage, _ in layers.values()) + 1
    starts = [layer for layer, (_, inner) in layers.items() if not inner]
    widths = [tensors[f"generator.layers.{i}.conv_0.weight_orig"].shape[1] for i in starts]
    last = tensors["generator.conv_to_rgb.weight_orig"]
    inputs = tensors["generator.gen_z.weight_orig"].shape[1]
    return {
        "image": (COLORS, SMALLEST << stages, SMALLEST << stages),
        "widths": (*widths, last.shape[1]),
        "spare_colors": last.shape[0] - COLORS,
        "attention": tuple(SMALLEST << (stage + 1) for stage, inner in layers.values() if inner == DEPTH),
        "latent_size": inputs - len(tensors["embeddings.weight"]),
        "statistics": len(tensors["generator.bn.running_means"]),
    }


def tabled_weights(tensors: Mapping[str, Tensor], layers: Places) -> dict[str, Tensor]:
    """The weights of a generator. Raises CheckpointError if a name is not known."""
    made: dict[str, Tensor] = {}
    for name, value in tensors.items():
        layer, _, rest = name.removeprefix("generator.").rpartition(".")
        if layer == "embeddings" or rest in ("weight_u", "weight_v"):
            continue
        ours = _layer(layer, layers)
        if rest == "weight_orig":
            u, v = (tensors[name.replace("orig", which)] for which in "uv")
            weight, made[f"{ours}.v"] = weight_and_v(value, u, v)
            made[f"{ours}.weight"] = _rows(weight) if layer == "gen_z" else weight
        elif rest == "gamma":
            made[f"{ours}.gate"] = value.reshape(())
        else:
            made[f"{ours}.{PARAMETERS.get(rest, rest)}"] = _rows(value) if layer == "gen_z" else value
    return made


def _count(tensors: Mapping[str, Tensor]) -> int:
    return len({name.split(".")[2] for name in tensors if name.startswith("generator.layers.")})


def _layer(name: str, layers: Places) -> str:
    if name in TOP:
        return TOP[name]
    found = re.fullmatch(r"layers\.(\d{1,3})(?:\.([a-z_0-9.]+))?", name)
    if not found or int(found[1]) not in layers or (found[2] and found[2] not in LAYERS):
        raise CheckpointError(f"{shown(name)} is not a layer of pytorch-pretrained-BigGAN")
    stage, inner = layers[int(found[1])]
    return f"stages.{stage}.{inner}" + (f".{LAYERS[found[2]]}" if found[2] else "")


def _rows(value: Tensor) -> Tensor:
    """Outputs of the first layer with channels first; there they come last."""
    rows: Tensor = value.reshape(SMALLEST * SMALLEST, -1, *value.shape[1:])
    return rows.transpose(0, 1).reshape(value.shape)
