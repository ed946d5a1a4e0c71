"""What reads the published U-Nets of Pix2Pix."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore import Pipeline
from gancore.errors import CheckpointError
from gancore.published import Network, fill
from gancore.published.translation import (
    TranslationImporter,
    is_batch_normalized,
    layer_weights,
    renamed,
    side_of,
)
from gancore.standard import Identity, InstanceUNet, UNet

__all__ = ["Published"]

DEEPEST = 14
OUTER = "model."
BEYOND = 5
"""Halvings of the published code beyond which there is dropout, one layer each."""


class Published(TranslationImporter):
    """The U-Nets of junyanz/pytorch-CycleGAN-and-pix2pix, whose sizes are inferred from their weights; images
    are as large as makes the innermost map 1×1, unless a setting `size` says otherwise.

    The option `noise` says how images are translated: `none` without dropout, by the running statistics, or
    `random` as the paper has it.
    """

    title: ClassVar[str] = "Pix2Pix"
    options: ClassVar[Mapping[str, Sequence[str]]] = {"noise": ("none", "random")}

    def is_generator(self, network: Network) -> bool:
        """Judging by the outermost layers, and those inside them."""
        found = _inside_one(network.tensors)
        return {f"{OUTER}0.weight", f"{OUTER}3.weight", f"{OUTER}1.model.1.weight"} <= found.keys()

    def pipeline(self, network: Network, noise: str = "none", **_: str) -> Pipeline:
        """The U-Net."""
        found = layer_weights(_inside_one(network.tensors))
        places, depth = _places(found)
        width, colors = found[f"{OUTER}0.weight"].shape[:2]
        made = found[f"{OUTER}3.weight"].shape[1]
        side = side_of(network.init_kwargs, 1 << depth)
        told: dict[str, Any] = {
            "source": (colors, side, side),
            "image": (made, side, side),
            "width": width,
            "halvings": depth,
            "dropout_layers": max(depth - BEYOND, 0),
            "noise": noise == "random",
        }
        batch = is_batch_normalized(found)
        generator = UNet(own_statistics=noise == "random", **told) if batch else InstanceUNet(**told)
        fill(generator, renamed(found, places, "a U-Net of Pix2Pix"))
        return Pipeline(conditioner=Identity(code=generator.code_shape), generator=generator)

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/pix2pix`."""
        return {"part": "pix2pix"}


def _inside_one(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Names that begin with one `model.`, which is the outermost block, where the file has two: the network
    and its outermost block are called so.
    """
    twice = OUTER + OUTER
    if all(name.startswith(twice) for name in tensors):
        return {name.removeprefix(OUTER): value for name, value in tensors.items()}
    return tensors


def _places(found: Mapping[str, Tensor]) -> tuple[dict[str, str], int]:
    """The layers there and here, and how often the image is halved. A block holds its convolution down, what
    is inside, and its transposed convolution, each with what goes before and after it, numbered.
    """
    prefixes = [OUTER, f"{OUTER}1.model."]
    while any(name.startswith(f"{prefixes[-1]}3.model.") for name in found):
        prefixes.append(f"{prefixes[-1]}3.model.")
        if len(prefixes) > DEEPEST:
            raise CheckpointError(f"the network has more than {DEEPEST} blocks inside each other")
    depth = len(prefixes)
    places = {f"{OUTER}0": "down.0.0", f"{OUTER}3": f"up.{depth - 1}.1"}
    for level, prefix in enumerate(prefixes[1:], 1):
        up = f"up.{depth - 1 - level}"
        inner = level == depth - 1
        conv, norm = ("3", "4") if inner else ("5", "6")
        places |= {f"{prefix}{conv}": f"{up}.1", f"{prefix}{norm}": f"{up}.2"}
        places[f"{prefix}1"] = f"down.{level}" if inner else f"down.{level}.0"
        places |= {} if inner else {f"{prefix}2": f"down.{level}.1"}
    return places, depth
