"""Maps the tensor names of NVIDIA's StyleGAN2 networks, as in the code of ADA and of StyleGAN3, to the names
used here.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from gancore.errors import CheckpointError
from gancore.published import shown
from gancore_stylegan.stylegan2.modulated import GAIN

TAPS = (1.0, 3.0, 3.0, 1.0)


def from_stylegan2(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Renames the weights of `G.*`, `D.*` or both to `generator.*`, `conditioner.*` and `discriminator.*`.

    Generators with output skips have a layer to colors at each size, others only at the largest. The
    conditioner is conditioner/stylegan2; its `gain` is added.

    Raises:
        CheckpointError: a name is not known, or a filter is not [1, 3, 3, 1].
    """
    sizes = [int(found[1]) for name in tensors if (found := re.search(r"\.b(\d+)\.", name))]
    largest = max(sizes, default=4)
    skips = "G.synthesis.b4.torgb.weight" in tensors
    made = {}
    for name, value in tensors.items():
        if name.endswith("resample_filter"):
            check_filter(name, value)
        else:
            ours = stylegan2_name(name, largest, skips=skips)
            made[ours] = value[None] if ours == "generator.constant" else value
    return with_gain(made)


def with_gain(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Adds the gain of the mapping network's biases, which published files leave to their code."""
    told = {"conditioner.gain": torch.tensor(GAIN)} if "conditioner.dense.0.bias" in weights else {}
    return {**weights, **told}


def stylegan2_name(name: str, largest: int, *, skips: bool = True) -> str:
    """The name used here for NVIDIA's `G.synthesis.b8.conv0.weight` and the like, in networks for images of
    `largest` pixels a side.

    `skips` says whether the generator has a layer to colors at each size.

    Raises:
        CheckpointError: the name is not known.
    """
    for pattern, ours in PATTERNS:
        if found := re.fullmatch(pattern, name):
            size = int(found.groupdict().get("size") or 4)
            up, down = (size // 8).bit_length() - 1, (largest // size).bit_length() - 1
            from_image = f"from_images.{down - 1}" if down else "from_image"
            to_image = f"to_images.{up + 1}" if skips else "to_image"
            for mark, value in (("UP", up), ("DOWN", down), ("FROM", from_image), ("TO", to_image)):
                ours = ours.replace(mark, str(value))
            return found.expand(ours)
    raise CheckpointError(
        f"{shown(name)} is not the name of a weight of NVIDIA's StyleGAN2; give weights of one"
    )


_LAYER = {"affine.weight": "style.weight", "affine.bias": "style.bias", "weight": "weight", "bias": "bias"}
_NOISE = {"noise_strength": "noise.strength", "noise_const": "noise.constant"}
_DENSE = r"(?P<what>weight|bias)"


def _styled(theirs: str, ours: str, *, noise: bool = True) -> list[tuple[str, str]]:
    ends = _LAYER | (_NOISE if noise else {})
    return [
        (rf"G\.synthesis\.{theirs}\.{re.escape(end)}", f"generator.{ours}.{mine}")
        for end, mine in ends.items()
    ]


PATTERNS: list[tuple[str, str]] = [
    (r"G\.mapping\.w_avg", "conditioner.mean"),
    (rf"G\.mapping\.fc(?P<layer>\d+)\.{_DENSE}", r"conditioner.dense.\g<layer>.\g<what>"),
    (rf"G\.mapping\.embed\.{_DENSE}", r"conditioner.embedding.\g<what>"),
    (r"G\.synthesis\.b4\.const", "generator.constant"),
    *_styled(r"b4\.conv1", "first"),
    *_styled(r"b(?P<size>\d+)\.conv0", "blocks.UP.up"),
    *_styled(r"b(?P<size>\d+)\.conv1", "blocks.UP.conv"),
    *_styled(r"b(?P<size>\d+)\.torgb", "TO", noise=False),
    (r"G\.synthesis\.b(?P<size>\d+)\.skip\.weight", "generator.shortcuts.UP.conv.weight"),
    (rf"D\.b(?P<size>\d+)\.fromrgb\.{_DENSE}", r"discriminator.FROM.\g<what>"),
    (rf"D\.b4\.conv\.{_DENSE}", r"discriminator.conv.\g<what>"),
    (rf"D\.b4\.fc\.{_DENSE}", r"discriminator.dense.\g<what>"),
    (rf"D\.b4\.out\.{_DENSE}", r"discriminator.score.\g<what>"),
    (rf"D\.b(?P<size>\d+)\.conv0\.{_DENSE}", r"discriminator.blocks.DOWN.conv.\g<what>"),
    (rf"D\.b(?P<size>\d+)\.conv1\.{_DENSE}", r"discriminator.blocks.DOWN.down.\g<what>"),
    (r"D\.b(?P<size>\d+)\.skip\.weight", "discriminator.shortcuts.DOWN.conv.weight"),
    (rf"D\.mapping\.fc(?P<layer>\d+)\.{_DENSE}", r"discriminator.labels.\g<layer>.\g<what>"),
    (rf"D\.mapping\.embed\.{_DENSE}", r"discriminator.embedding.\g<what>"),
]
"""Patterns for their names, and the names used here.

UP is the block's number counted from the smallest size, DOWN from the largest; FROM is the layer from colors
at the largest or a smaller size, and TO the layer to colors.
"""


def check_filter(name: str, value: Tensor) -> None:
    """Raises CheckpointError if a saved filter is not [1, 3, 3, 1] along both axes, normalized to sum 1."""
    row = torch.tensor(TAPS, dtype=torch.float32) / sum(TAPS)
    square = row[:, None] * row
    if value.shape != square.shape or not torch.allclose(value.float().cpu(), square, atol=1e-6):
        raise CheckpointError(
            f"{name} is not the filter [1, 3, 3, 1], the only one that these networks have; give "
            "weights of a StyleGAN2"
        )
