"""What reads the published residual translators of CycleGAN."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Network, fill, shown
from gancore.published.translation import (
    USUAL,
    TranslationImporter,
    is_batch_normalized,
    layer_weights,
    renamed,
    side_of,
)
from gancore.standard.conditioners import Identity
from gancore.standard.translators import BatchResNet, ResNet

__all__ = ["Published"]

FIRST_BLOCK = 10
"""Where the residual blocks begin there; before each convolution of 7×7 lies a layer that pads."""
INSIDE = {"1": "0", "2": "1", "5": "3", "6": "4"}
INSIDE_WITH_DROPOUT = {"1": "0", "2": "1", "6": "3", "7": "4"}
"""Layers of a block, there and here; dropout moves the second convolution by one."""


class Published(TranslationImporter):
    """The residual translators of junyanz/pytorch-CycleGAN-and-pix2pix, whose sizes are inferred from their
    weights; images are of 256×256, unless a setting `size` says otherwise.
    """

    title: ClassVar[str] = "CycleGAN"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first convolution and the residual blocks."""
        first = network.tensors.get("model.1.weight")
        return first is not None and first.shape[2:] == (7, 7) and any(_blocks(network.tensors))

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """The translator."""
        found = layer_weights(network.tensors)
        blocks = len(set(_blocks(found)))
        _check_padding(network.init_kwargs, found)
        last = found.get(f"model.{FIRST_BLOCK + blocks + 7}.weight")
        if last is None:
            raise CheckpointError(f"there is no convolution to the image after {blocks} residual blocks")
        width, colors = found["model.1.weight"].shape[:2]
        side = side_of(network.init_kwargs, USUAL)
        told: dict[str, Any] = {
            "source": (colors, side, side),
            "image": (last.shape[0], side, side),
            "width": width,
            "blocks": blocks,
            "dropout": 0.5 if _drops(found) else 0.0,
        }
        generator = BatchResNet(**told) if is_batch_normalized(found) else ResNet(**told)
        fill(generator, renamed(found, _places(blocks, _drops(found)), "a residual translator of CycleGAN"))
        return Pipeline(conditioner=Identity(code=generator.code_shape), generator=generator)


def _blocks(found: Mapping[str, Tensor]) -> list[str]:
    """The number of its block for each weight in one."""
    return [name.split(".")[1] for name in found if re.match(r"model\.\d+\.conv_block\.", name)]


def _check_padding(settings: Mapping[str, Any], found: Mapping[str, Tensor]) -> None:
    """Raises CheckpointError if the blocks do not reflect: then their first layer is a convolution, or the
    settings name another padding.
    """
    padding = settings.get("padding_type", "reflect")
    if f"model.{FIRST_BLOCK}.conv_block.0.weight" in found:
        padding = "zero"
    if padding != "reflect":
        raise CheckpointError(
            f"its residual blocks pad by {shown(padding)}; networks whose blocks pad by reflect are read"
        )


def _drops(found: Mapping[str, Tensor]) -> bool:
    """Whether the blocks have dropout between their convolutions."""
    second = found.get(f"model.{FIRST_BLOCK}.conv_block.6.weight")
    return second is not None and second.dim() == 4


def _places(blocks: int, drops: bool) -> dict[str, str]:
    """The layers there and here."""
    after = FIRST_BLOCK + blocks
    outside = [*range(1, FIRST_BLOCK), *range(after, after + 6)]
    places = {f"model.{i}": f"layers.{i - 1}" for i in outside}
    places[f"model.{after + 7}"] = f"layers.{after + 5}"
    for i in range(FIRST_BLOCK, after):
        for there, here in (INSIDE_WITH_DROPOUT if drops else INSIDE).items():
            places[f"model.{i}.conv_block.{there}"] = f"layers.{i - 1}.layers.{here}"
    return places
