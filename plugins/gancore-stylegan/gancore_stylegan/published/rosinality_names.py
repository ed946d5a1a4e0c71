"""Maps the tensor names of the StyleGAN2 in rosinality/stylegan2-pytorch to the names used here."""

import re
from collections.abc import Callable, Mapping

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown
from gancore_stylegan.published.nvidia_names import check_filter, with_gain

__all__ = ["from_rosinality", "rosinality_name"]


def from_rosinality(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames the weights of a state dict `g`, `g_ema` or `d` to `generator.*` and `conditioner.*`, or to
    `discriminator.*`.

    Superfluous axes of size 1 in weights of convolutions, noise and the layers to colors are removed. The
    conditioner is conditioner/stylegan2; its `gain` is added.

    Raises:
        CheckpointError: a name is not known, or a filter is not [1, 3, 3, 1].
    """
    made = {}
    for name, value in tensors.items():
        if name.endswith(".kernel"):
            check_filter(name, value / 4 if re.search(r"(blur|upsample)\.kernel$", name) else value)
        else:
            ours = rosinality_name(name)
            made[ours] = _as_ours(ours, value)
    return with_gain(made)


def rosinality_name(name: str) -> str:
    """The name used here for rosinality's `convs.3.conv.modulation.weight` and the like.

    Raises:
        CheckpointError: the name is not known.
    """
    for pattern, ours in PATTERNS:
        if found := re.fullmatch(pattern, name):
            return ours(found)
    raise CheckpointError(
        f"{shown(name)} is not the name of a weight of rosinality's StyleGAN2; give a checkpoint "
        "of stylegan2-pytorch"
    )


def _layer(number: int) -> str:
    """The convolution with this number: 0 is the one on the constant; after it, each resolution has one that
    upsamples and one that does not.
    """
    return (
        f"generator.blocks.{(number - 1) // 2}.{('up', 'conv')[(number - 1) % 2]}"
        if number
        else "generator.first"
    )


_ENDS = {
    "conv.weight": "weight",
    "conv.modulation.weight": "style.weight",
    "conv.modulation.bias": "style.bias",
    "noise.weight": "noise.strength",
    "activate.bias": "bias",
    "bias": "bias",
}
_STYLED = (
    r"(?P<end>conv\.weight|conv\.modulation\.weight|conv\.modulation\.bias|noise\.weight|activate\.bias)"
)
_COLORS = r"(?P<end>conv\.weight|conv\.modulation\.weight|conv\.modulation\.bias|bias)"

PATTERNS: list[tuple[str, Callable[[re.Match[str]], str]]] = [
    (r"latent_avg", lambda m: "conditioner.mean"),
    (r"style\.([1-9]\d*)\.(weight|bias)", lambda m: f"conditioner.dense.{int(m[1]) - 1}.{m[2]}"),
    (r"input\.input", lambda m: "generator.constant"),
    (rf"conv1\.{_STYLED}", lambda m: f"{_layer(0)}.{_ENDS[m['end']]}"),
    (rf"convs\.(?P<n>\d+)\.{_STYLED}", lambda m: f"{_layer(int(m['n']) + 1)}.{_ENDS[m['end']]}"),
    (r"noises\.noise_(?P<n>\d+)", lambda m: f"{_layer(int(m['n']))}.noise.constant"),
    (rf"to_rgb1\.{_COLORS}", lambda m: f"generator.to_images.0.{_ENDS[m['end']]}"),
    (
        rf"to_rgbs\.(?P<n>\d+)\.{_COLORS}",
        lambda m: f"generator.to_images.{int(m['n']) + 1}.{_ENDS[m['end']]}",
    ),
    (r"convs\.0\.(?:0\.(weight)|1\.(bias))", lambda m: f"discriminator.from_image.{m[1] or m[2]}"),
    (
        r"convs\.([1-9]\d*)\.conv1\.(?:0\.(weight)|1\.(bias))",
        lambda m: f"discriminator.blocks.{int(m[1]) - 1}.conv.{m[2] or m[3]}",
    ),
    (
        r"convs\.([1-9]\d*)\.conv2\.(?:1\.(weight)|2\.(bias))",
        lambda m: f"discriminator.blocks.{int(m[1]) - 1}.down.{m[2] or m[3]}",
    ),
    (r"convs\.([1-9]\d*)\.skip\.1\.weight", lambda m: f"discriminator.shortcuts.{int(m[1]) - 1}.conv.weight"),
    (r"final_conv\.(?:0\.(weight)|1\.(bias))", lambda m: f"discriminator.conv.{m[1] or m[2]}"),
    (r"final_linear\.0\.(weight|bias)", lambda m: f"discriminator.dense.{m[1]}"),
    (r"final_linear\.1\.(weight|bias)", lambda m: f"discriminator.score.{m[1]}"),
]
"""Patterns for their names, and the names used here."""


def _as_ours(name: str, value: Tensor) -> Tensor:
    if re.fullmatch(r"generator\.to_images\.\d+\.bias", name):
        return value.squeeze(0).squeeze(-1).squeeze(-1)
    if name.endswith("noise.constant"):
        return value.squeeze(0).squeeze(0)
    if name == "conditioner.mean" or re.fullmatch(
        r"generator\.(?!constant|.*style).*(weight|strength)", name
    ):
        return value.squeeze(0)
    return value
