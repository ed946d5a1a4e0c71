"""What reads the discriminators of Real-ESRGAN and ESRGAN."""

import re
from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network, fill, shown
from gancore_esrgan.published.shapes import SIDE, shape
from gancore_esrgan.srgan import SMALLEST, SRGANDiscriminator
from gancore_esrgan.unet import UNetDiscriminator

__all__ = ["PublishedDiscriminators"]

UNET = ["first", "down.0", "down.1", "down.2", "up.0", "up.1", "up.2", "end.0", "end.1", "head"]
"""The layers conv0 to conv9, here."""
VGG = re.compile(r"(conv|bn)(\d)_([01])")


class PublishedDiscriminators(Importer):
    """UNetDiscriminatorSN of xinntao/Real-ESRGAN, for images of 256×256, and VGGStyleDiscriminator of
    XPixelGroup/BasicSR, whose weights say the size of the images. Other sizes are inferred from the weights.
    """

    title: ClassVar[str] = "ESRGAN and Real-ESRGAN (discriminators)"

    def is_generator(self, network: Network) -> bool:
        """None is."""
        return False

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the names of the first layers."""
        return _is_unet(network.tensors) or {"conv0_0.weight", "conv0_1.weight"} <= network.tensors.keys()

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Raises CheckpointError: it is no generator."""
        raise CheckpointError("the network is a discriminator; choose the generator")

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator."""
        found = network.tensors
        return _unet(found) if _is_unet(found) else _srgan(found)


def _is_unet(found: Mapping[str, Tensor]) -> bool:
    return {"conv0.weight", "conv1.weight_orig"} <= found.keys()


def _unet(found: Mapping[str, Tensor]) -> Discriminator:
    width, channels = shape(found, "conv0.weight")[:2]
    made = UNetDiscriminator(image=(channels, SIDE, SIDE), width=width)
    fill(made, _unet_weights(found), "the layers disagree about their sizes")
    return made


def _unet_weights(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names here; of the vectors of spectral normalization the one that is kept, v."""
    made = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        if not re.fullmatch(r"conv\d", layer):
            raise CheckpointError(f"{shown(name)} is not a weight of UNetDiscriminatorSN")
        here = UNET[int(layer[-1])]
        if kind == "weight_v":
            made[f"{here}.v"] = value.reshape(1, *shape(found, f"{layer}.weight_orig")[1:])
        elif kind != "weight_u":
            made[f"{here}.{'weight' if kind == 'weight_orig' else kind}"] = value
    return made


def _srgan(found: Mapping[str, Tensor]) -> Discriminator:
    width, channels = shape(found, "conv0_0.weight")[:2]
    halvings = len({name for name in found if re.fullmatch(r"conv\d_1\.weight", name)})
    features = shape(found, "linear1.weight", 2)[0]
    side = SMALLEST << halvings
    made = SRGANDiscriminator(image=(channels, side, side), width=width, features=features)
    fill(made, _srgan_weights(found), "the layers disagree about their sizes")
    return made


def _srgan_weights(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names here: a convolution, its normalization and the rectifier follow each other, and the first
    convolution has no normalization.
    """
    made = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        if match := VGG.fullmatch(layer):
            number = 2 * int(match[2]) + int(match[3])
            place = max(3 * number - 1, 0) + (match[1] == "bn")
            made[f"body.{place}.{kind}"] = value
        elif layer in ("linear1", "linear2"):
            made[f"{'hidden' if layer == 'linear1' else 'head.1'}.{kind}"] = value
        else:
            raise CheckpointError(f"{shown(name)} is not a weight of VGGStyleDiscriminator")
    return made
