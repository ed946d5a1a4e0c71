"""What reads the discriminators of Real-ESRGAN and ESRGAN."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.interfaces import Discriminator
from gancore.errors import CheckpointError
from gancore.pipeline import Pipeline
from gancore.published import Importer, Network, fill, shown, weight_and_v
from gancore_esrgan.published.shapes import SIDE, shape, told
from gancore_esrgan.srgan import SMALLEST, SRGANDiscriminator
from gancore_esrgan.unet import UNetDiscriminator

__all__ = ["PublishedDiscriminators"]

UNET = ["first", "down.0", "down.1", "down.2", "up.0", "up.1", "up.2", "end.0", "end.1", "head"]
"""The layers conv0 to conv9, here."""
VGG = re.compile(r"(conv|bn)(\d)_([01])")


class PublishedDiscriminators(Importer):
    """UNetDiscriminatorSN of xinntao/Real-ESRGAN, for images of 256×256, and VGGStyleDiscriminator of
    XPixelGroup/BasicSR, whose weights say the size of the images. Other sizes are inferred from the weights.

    Weights do not say whether the U-Net adds its maps; it does, unless the settings of a safetensors file say
    `skip_connection` false, also in a table `discriminator`.
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
        return _unet(found, network.init_kwargs) if _is_unet(found) else _srgan(found)


def _is_unet(found: Mapping[str, Tensor]) -> bool:
    return {"conv0.weight", "conv1.weight_orig"} <= found.keys()


def _unet(found: Mapping[str, Tensor], settings: Mapping[str, Any]) -> Discriminator:
    width, channels = shape(found, "conv0.weight")[:2]
    skips = told(settings, "discriminator", "skip_connection") in (None, True)
    made = UNetDiscriminator(image=(channels, SIDE, SIDE), width=width, skips=skips)
    fill(made, _unet_weights(found), "the layers disagree about their sizes")
    return made


def _unet_weights(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names here; of the vectors of spectral normalization one is kept, v."""
    made = {}
    for name, value in found.items():
        layer, _, kind = name.rpartition(".")
        if not re.fullmatch(r"conv\d", layer):
            raise CheckpointError(f"{shown(name)} is not a weight of UNetDiscriminatorSN")
        here = UNET[int(layer[-1])]
        if kind == "weight_orig":
            for vector in ("weight_u", "weight_v"):
                shape(found, f"{layer}.{vector}", 1)
            u, v = found[f"{layer}.weight_u"], found[f"{layer}.weight_v"]
            made[f"{here}.weight"], made[f"{here}.v"] = weight_and_v(value, u, v)
        elif kind not in ("weight_u", "weight_v"):
            made[f"{here}.{kind}"] = value
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
