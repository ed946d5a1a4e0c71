"""What reads the published residual translators of CycleGAN and CUT."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from torch import Tensor

from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Network, fill, shown
from gancore.published.translation import (
    BLURS_AND_BATCHES,
    USUAL,
    TranslationImporter,
    blurs,
    is_batch_normalized,
    layer_names,
    layer_weights,
    renamed,
    side_of,
)
from gancore.standard.conditioners import Identity
from gancore.standard.translators import AntialiasedResNet, BatchResNet, ResNet, ResNetTranslator

__all__ = ["Published"]

FIRST_BLOCK = 10
"""Where the residual blocks begin there; before each convolution of 7×7 lies a layer that pads. Two blurs
move them by two."""
INSIDE = {"1": "0", "2": "1", "5": "3", "6": "4"}
INSIDE_WITH_DROPOUT = {"1": "0", "2": "1", "6": "3", "7": "4"}
"""Layers of a block, there and here; dropout moves the second convolution by one."""
CONTRAST = re.compile(r"mlp_\d+\.[02]\.(weight|bias)")
"""A weight of the layers of CUT's contrast."""


class Published(TranslationImporter):
    """The residual translators of junyanz/pytorch-CycleGAN-and-pix2pix and of
    taesungp/contrastive-unpaired-translation, whose sizes are inferred from their weights; images are of
    256×256, unless a setting `size` says otherwise.
    """

    title: ClassVar[str] = "CycleGAN and CUT"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first convolution and the residual blocks."""
        first = network.tensors.get("model.1.weight")
        return first is not None and first.shape[2:] == (7, 7) and any(_blocks(network.tensors))

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """The translator."""
        found = layer_weights(network.tensors, blurring=True)
        layout = _layout(network.tensors)
        _check_padding(network.init_kwargs, found, layout)
        last = found.get(f"model.{layout.last}.weight")
        if last is None:
            raise CheckpointError(
                f"there is no convolution to the image after {layout.blocks} residual blocks"
            )
        width, colors = found["model.1.weight"].shape[:2]
        side = side_of(network.init_kwargs, USUAL)
        told: dict[str, Any] = {
            "source": (colors, side, side),
            "image": (last.shape[0], side, side),
            "width": width,
            "blocks": layout.blocks,
            "dropout": 0.5 if _drops(found, layout) else 0.0,
        }
        generator = _kind(found, layout)(**told)
        places = _places(layout, _drops(found, layout))
        fill(generator, renamed(found, places, f"a residual translator of {self.title}"))
        return Pipeline(conditioner=Identity(code=generator.code_shape), generator=generator)

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/cut` for translators that blur between images of one shape."""
        generator = pipeline.generator
        same = tuple(generator.code_shape) == tuple(generator.image)
        return {"part": "cut"} if same and isinstance(generator, AntialiasedResNet) else {}

    def refusal(self, network: Network) -> str:
        """Why the layers of CUT's contrast are not read."""
        if not network.tensors or not all(map(CONTRAST.fullmatch, network.tensors)):
            return ""
        return (
            "these are the layers of CUT's contrast (netF), which compare maps in training alone and start "
            "anew in a training here; give the translator (netG), or with it the discriminator (netD)"
        )


class _Layout(NamedTuple):
    """Where layers are in the published network."""

    blocks: int
    antialiased: bool

    @property
    def first(self) -> int:
        """The first residual block."""
        return FIRST_BLOCK + 2 * self.antialiased

    @property
    def after(self) -> int:
        """The first layer after the residual blocks."""
        return self.first + self.blocks

    @property
    def padding(self) -> int:
        """The layer that pads before the last convolution."""
        return self.after + 6 + 2 * self.antialiased

    @property
    def last(self) -> int:
        """The last convolution."""
        return self.padding + 1


def _layout(tensors: Mapping[str, Tensor]) -> _Layout:
    """Raises CheckpointError if maps are blurred elsewhere than before both halvings and after both
    doublings, or at some of these alone.
    """
    found, layout = blurs(tensors), _Layout(len(set(_blocks(tensors))), antialiased=True)
    if not found:
        return layout._replace(antialiased=False)
    if found == {7: 3, 11: 3, layout.after: 4, layout.after + 4: 4}:
        return layout
    raise CheckpointError(
        f"it blurs its maps at {layer_names(found)} alone, as in CUT's code with one of --no_antialias and "
        "--no_antialias_up; networks that blur before both halvings and after both doublings, or nowhere, "
        "are read"
    )


def _kind(found: Mapping[str, Tensor], layout: _Layout) -> type[ResNetTranslator]:
    """The part of such a network. Raises CheckpointError if there is none."""
    batch = is_batch_normalized(found)
    if batch and layout.antialiased:
        raise CheckpointError(BLURS_AND_BATCHES)
    return AntialiasedResNet if layout.antialiased else BatchResNet if batch else ResNet


def _blocks(found: Mapping[str, Tensor]) -> list[str]:
    """The number of its block for each weight in one."""
    return [name.split(".")[1] for name in found if re.match(r"model\.\d+\.conv_block\.", name)]


def _check_padding(settings: Mapping[str, Any], found: Mapping[str, Tensor], layout: _Layout) -> None:
    """Raises CheckpointError if the blocks do not reflect: then their first layer is a convolution, or the
    settings name another padding.
    """
    padding = settings.get("padding_type", "reflect")
    if f"model.{layout.first}.conv_block.0.weight" in found:
        padding = "zero"
    if padding != "reflect":
        raise CheckpointError(
            f"its residual blocks pad by {shown(padding)}; networks whose blocks pad by reflect are read"
        )


def _drops(found: Mapping[str, Tensor], layout: _Layout) -> bool:
    """Whether the blocks have dropout between their convolutions."""
    second = found.get(f"model.{layout.first}.conv_block.6.weight")
    return second is not None and second.dim() == 4


def _places(layout: _Layout, drops: bool) -> dict[str, str]:
    """The layers there and here."""
    outside = [*range(1, layout.first), *range(layout.after, layout.padding)]
    places = {f"model.{i}": f"layers.{i - 1}" for i in outside}
    places[f"model.{layout.last}"] = f"layers.{layout.last - 2}"
    for i in range(layout.first, layout.after):
        for there, here in (INSIDE_WITH_DROPOUT if drops else INSIDE).items():
            places[f"model.{i}.conv_block.{there}"] = f"layers.{i - 1}.layers.{here}"
    return places
