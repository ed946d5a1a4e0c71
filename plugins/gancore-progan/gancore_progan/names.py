"""The names of weights in the published networks, and their values here."""

import math
import re
from collections.abc import Callable, Mapping

from torch import Tensor
from torch.nn.functional import pad

from gancore import Part
from gancore.errors import CheckpointError
from gancore.published import shown

__all__ = ["converted", "discriminator_place", "generator_place", "plain_names"]

ENDS = {
    "formatLayer": "start",
    "groupScale0.0": "conv",
    "groupScaleZero.0": "conv",
    "groupScaleZero.1": "dense",
    "decisionLayer": "score",
}
"""The layers at the smallest map."""
UP, DOWN = ("up", "conv"), ("first", "second")
"""The layers of a block, in their order."""


def plain_names(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the wrapper of each layer, which older files lack."""
    return {re.sub(r"\.module\.(weight|bias)$", r".\1", name): value for name, value in found.items()}


def generator_place(layer: str, scales: int) -> str:
    """Where a layer of a generator is here; empty if it is unknown."""
    kind, i, j = _parts(layer)
    if kind == "toRGBLayers":
        return "to_image" if i == scales else f"to_smaller.{i}"
    return f"blocks.{i}.{UP[j]}" if kind == "scaleLayers" else ENDS.get(layer, "")


def discriminator_place(layer: str, scales: int) -> str:
    """Where a layer of a discriminator is here; empty if it is unknown."""
    kind, i, j = _parts(layer)
    if kind == "fromRGBLayers":
        return "from_image" if i == scales else f"from_smaller.{i}"
    return f"blocks.{scales - 1 - i}.{DOWN[j]}" if kind == "scaleLayers" else ENDS.get(layer, "")


def converted(
    part: Part, found: Mapping[str, Tensor], place: Callable[[str], str], *, equalized: bool
) -> dict[str, Tensor]:
    """The weights of `part`, whose layers have the same effect as those in the file.

    There, He's constant √(2 / fan-in) multiplies what a layer gives, so its bias too, and after the layers
    to colors and to scores as well; here it multiplies weights.

    Raises:
        CheckpointError: a name is not known, or `part` has no such layer.
    """
    modules, made = dict(part.named_modules()), {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        weight, here = found.get(f"{layer}.weight"), modules.get(place(layer))
        scale = getattr(here, "scale", None)
        if kind not in ("weight", "bias") or weight is None or scale is None:
            raise CheckpointError(f"{shown(name)} is not a weight of such a network; give weights of ProGAN")
        factor = math.sqrt(2 / weight[0].numel()) if equalized else 1.0
        wanted = getattr(here, kind).shape
        scaled = value.float() * (factor / scale if kind == "weight" else factor)
        made[f"{place(layer)}.{kind}"] = _fitted(scaled, wanted)
    return made


def _fitted(value: Tensor, wanted: tuple[int, ...]) -> Tensor:
    """The value in the shape here: a score without those of classes, a convolution with no minibatch
    standard deviation that ignores it, a bias for each value of a map.
    """
    if len(wanted) == value.dim() < 4 and wanted[0] == 1 < len(value):
        value = value[:1]
    if len(wanted) == value.dim() == 4 and wanted[1] == value.shape[1] + 1:
        return pad(value, (0, 0, 0, 0, 0, 1))
    return value.reshape(wanted) if value.numel() == math.prod(wanted) else value


def _parts(layer: str) -> tuple[str, int, int]:
    """The list that a layer is in, its place, and the place in the block."""
    found = re.fullmatch(r"(toRGBLayers|fromRGBLayers)\.(\d+)|(scaleLayers)\.(\d+)\.([01])", layer)
    if found is None:
        return "", 0, 0
    return (found[1], int(found[2]), 0) if found[1] else (found[3], int(found[4]), int(found[5]))
