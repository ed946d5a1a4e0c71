"""What the importers of junyanz/pytorch-CycleGAN-and-pix2pix and of CUT's code share: discriminators of
patches and pixels, and the names of layers.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.errors import CheckpointError
from gancore.nn.blur import BlurPool, BlurUpsample
from gancore.published.importer import Importer
from gancore.published.networks import Network, fill
from gancore.published.refusals import shown
from gancore.standard.patchgan import AntialiasedPatchGAN, BatchPatchGAN, PatchGAN
from gancore.standard.pixelgan import BatchPixelGAN, PixelGAN

__all__ = [
    "BLURS_AND_BATCHES",
    "USUAL",
    "TranslationImporter",
    "blurs",
    "is_batch_normalized",
    "layer_names",
    "layer_weights",
    "renamed",
    "side_of",
]

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")
BLUR = "filt"
"""What the layers of CUT's code are called that blur."""
LAYER = re.compile(rf"(model|net)\.(\d+)\.(weight|bias|{BLUR}|{'|'.join(STATISTICS)})")
"""A weight of a discriminator: `model` is one of patches, `net` one of pixels."""
BLURRING = re.compile(rf"model\.(\d{{1,6}})\.{BLUR}")
USUAL = 256
"""The side of the images of most published networks; convolutions do not tell it."""
BLURS_AND_BATCHES = (
    "it blurs its maps and has batch normalization; of networks that blur, those with instance "
    "normalization, which CUT's code has by default, are read"
)


class TranslationImporter(Importer):
    """Reads the discriminators; a plugin adds a translator. Sizes are inferred from the weights, but for the
    side of the images: that is the setting `size`, if there is one, or else 256.
    """

    def is_discriminator(self, network: Network) -> bool:
        """Judging by a first convolution of 4×4 or 1×1 and the names of all layers."""
        first = {"model": (4, 4), "net": (1, 1)}
        return all(map(LAYER.fullmatch, network.tensors)) and any(
            _kernel(network.tensors, f"{name}.0.weight") == size for name, size in first.items()
        )

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator of patches, of pixels, or of patches with blurs; all but the last with instance
        or batch normalization.
        """
        found = layer_weights(network.tensors, blurring=True)
        places = sorted({int(name.split(".")[1]) for name, value in found.items() if value.dim() == 4})
        batch = is_batch_normalized(found)
        antialiased = _is_antialiased(network.tensors, len(places) - 2, batch)
        made = _judge(found, places, batch, antialiased, network.init_kwargs)
        last = places[-1]
        named = {name: f"body.{name.split('.')[1]}" for name in {n.rpartition(".")[0] for n in found}}
        named |= {name: "head" for name in named if name.endswith(f".{last}")}
        fill(made, renamed(found, named, "a discriminator of patches"))
        return made


def _judge(
    found: Mapping[str, Tensor],
    places: list[int],
    batch: bool,
    antialiased: bool,
    settings: Mapping[str, Any],
) -> Discriminator:
    pixels = "net.0.weight" in found
    width, colors = found["net.0.weight" if pixels else "model.0.weight"].shape[:2]
    layers = len(places) - 2
    side = side_of(settings, USUAL if pixels else max(USUAL, 3 << min(layers, 16)))
    told: dict[str, Any] = {"image": (colors, side, side), "width": width}
    if pixels:
        return BatchPixelGAN(**told) if batch else PixelGAN(**told)
    cls = AntialiasedPatchGAN if antialiased else BatchPatchGAN if batch else PatchGAN
    return cls(layers=layers, **told)


def _is_antialiased(tensors: Mapping[str, Tensor], layers: int, batch: bool) -> bool:
    """Whether a discriminator blurs its maps before each halving. Raises CheckpointError if it blurs others,
    or has batch normalization, too.
    """
    found = blurs(tensors)
    if not found:
        return False
    if found != dict.fromkeys(range(2, 4 * layers, 4), 3):
        raise CheckpointError(
            f"it blurs its maps at {layer_names(found)}, not once before each of its {layers} halvings as in "
            "CUT's code without --no_antialias; networks that do, or that blur nowhere, are read"
        )
    if batch:
        raise CheckpointError(BLURS_AND_BATCHES)
    return True


def side_of(settings: Mapping[str, Any], usual: int) -> int:
    """The side of the images: the setting `size`, or the usual one. Raises CheckpointError if it is none."""
    side = settings.get("size", usual)
    if type(side) is not int or not 1 <= side <= 16384:
        raise CheckpointError(f"the size of its images is {shown(side)}, not a side in pixels")
    return side


def blurs(tensors: Mapping[str, Tensor]) -> dict[int, int]:
    """The numbers of the layers that blur, each with the side of its filter: 3 before a halving, 4 after a
    doubling.

    Raises:
        CheckpointError: a filter is another than `BlurPool` and `BlurUpsample` have, or in another place.
    """
    known = {made.kernel.shape[-1]: made.kernel for made in (BlurPool(), BlurUpsample())}
    found = {}
    for name, value in tensors.items():
        if name.rpartition(".")[2] != BLUR:
            continue
        place, kernel = BLURRING.fullmatch(name), known.get(value.shape[-1] if value.dim() else 0)
        if place is None or kernel is None or not _repeats(value, kernel):
            raise CheckpointError(
                f"{shown(name)} is not a filter that CUT's code has by default; networks that blur with "
                "(1, 2, 1) before a halving and with (1, 3, 3, 1) after a doubling are read"
            )
        found[int(place[1])] = kernel.shape[-1]
    return found


def _repeats(value: Tensor, kernel: Tensor) -> bool:
    """Whether filters `(C, 1, h, w)` are all this one."""
    alike = value.dim() == 4 and value.shape[1:] == kernel.shape[1:] and value.is_floating_point()
    return alike and torch.allclose(value.float(), kernel, atol=1e-3)


def layer_names(places: Iterable[int]) -> str:
    """Layers by their numbers, for a message."""
    return shown(", ".join(f"model.{place}" for place in sorted(places)))


def layer_weights(tensors: Mapping[str, Tensor], *, blurring: bool = False) -> dict[str, Tensor]:
    """The weights without the statistics that older files hold of instance normalization, which has no
    others, and without the filters of `blurs` where layers may be `blurring`.

    Raises:
        CheckpointError: layers may not be, but maps are blurred.
    """
    made = {}
    for name, value in tensors.items():
        layer, _, kind = name.rpartition(".")
        if kind == BLUR and not blurring:
            raise CheckpointError(
                f"{shown(layer)} blurs its maps, as in CUT's code without --no_antialias and "
                "--no_antialias_up; such networks are read if they halve and double by convolutions alone"
            )
        if kind != BLUR and (kind not in STATISTICS or f"{layer}.weight" in tensors):
            made[name] = value
    return made


def is_batch_normalized(found: Mapping[str, Tensor]) -> bool:
    """Whether there is batch normalization; otherwise it is instance normalization, which has no weights, but
    convolutions with biases.

    Raises:
        CheckpointError: there is neither.
    """
    if any(name.endswith(".running_mean") for name in found):
        return True
    lacking = [
        name
        for name, value in found.items()
        if name.endswith(".weight") and value.dim() == 4 and f"{name.removesuffix('weight')}bias" not in found
    ]
    if lacking:
        raise CheckpointError(
            f"{shown(lacking[0])} has neither a bias nor a normalization after it; networks with batch or "
            "instance normalization are read"
        )
    return False


def renamed(found: Mapping[str, Tensor], places: Mapping[str, str], what: str) -> dict[str, Tensor]:
    """The weights by the names of layers here. Raises CheckpointError if a layer is not known."""
    made = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        if layer not in places:
            raise CheckpointError(f"{shown(name)} is not the name of a weight of {what}; give weights of one")
        made[f"{places[layer]}.{kind}"] = value
    return made


def _kernel(tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    return tuple(tensors[name].shape[2:]) if name in tensors else ()
