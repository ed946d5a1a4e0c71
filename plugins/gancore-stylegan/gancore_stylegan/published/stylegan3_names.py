"""Maps the tensor names of NVIDIA's StyleGAN3 networks to the names used here."""

import re
from collections.abc import Mapping

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown
from gancore_stylegan.published.nvidia_names import from_stylegan2, with_gain

__all__ = ["from_stylegan3", "stylegan3_name"]


def from_stylegan3(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames the weights of `G.*`, `D.*` or both to `generator.*`, `conditioner.*` and `discriminator.*`
    (StyleGAN2's residual D).

    The conditioner is conditioner/stylegan2; its `gain` is added. Filters follow from the sizes and are not
    read.

    Raises:
        CheckpointError: a name is not known.
    """
    made = from_stylegan2({name: value for name, value in tensors.items() if name.startswith("D.")})
    last = max(
        (int(found[1]) for name in tensors if (found := re.match(r"G\.synthesis\.L(\d+)_", name))), default=0
    )
    for name, value in tensors.items():
        if name.startswith("D.") or re.search(r"\.(up|down)_filter$", name):
            continue
        made[stylegan3_name(name, last)] = value
    return with_gain(made)


def stylegan3_name(name: str, last: int) -> str:
    """The name used here for NVIDIA's `G.synthesis.L3_36_512.weight` and the like, in a generator whose layer
    `last` is the one to colors.

    Raises:
        CheckpointError: the name is not known.
    """
    for pattern, ours in PATTERNS:
        if found := re.fullmatch(pattern, name):
            layer = found.groupdict().get("layer")
            owner = "to_image" if layer is not None and int(layer) == last else f"blocks.{layer}"
            return found.expand(ours).replace("OWNER", owner)
    raise CheckpointError(
        f"{shown(name)} is not the name of a weight of NVIDIA's StyleGAN3 generator; give weights of one"
    )


_ENDS = r"(?P<end>weight|bias|affine\.weight|affine\.bias)"
_LAYER = r"G\.synthesis\.L(?P<layer>\d+)_\d+_\d+"

PATTERNS: list[tuple[str, str]] = [
    (r"G\.mapping\.w_avg", "conditioner.mean"),
    (r"G\.mapping\.fc(\d+)\.(weight|bias)", r"conditioner.dense.\1.\2"),
    (r"G\.mapping\.embed\.(weight|bias)", r"conditioner.embedding.\1"),
    (r"G\.synthesis\.input\.freqs", "generator.input.frequencies"),
    (r"G\.synthesis\.input\.(phases|transform|weight|affine\.weight|affine\.bias)", r"generator.input.\1"),
    (rf"{_LAYER}\.magnitude_ema", "generator.OWNER.square"),
    (rf"{_LAYER}\.{_ENDS}", r"generator.OWNER.\g<end>"),
]
"""Patterns for their names, and the names used here; OWNER is the layer's number, or the layer to colors."""
