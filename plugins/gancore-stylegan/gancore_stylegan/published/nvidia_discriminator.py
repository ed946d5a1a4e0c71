"""NVIDIA's discriminators of StyleGAN2(-ADA) and StyleGAN3 as parts, of the sizes that their settings say and
with their weights.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore_stylegan.published.networks import Network, fill
from gancore_stylegan.published.nvidia_known import DISCRIMINATOR
from gancore_stylegan.published.nvidia_names import from_stylegan2
from gancore_stylegan.published.nvidia_settings import Settings, check_shapes, whole
from gancore_stylegan.stylegan2.discriminator import LabeledStyleGAN2Discriminator, StyleGAN2Discriminator

__all__ = ["is_nvidia_discriminator", "nvidia_discriminator"]

ORDER = ("c_dim", "img_resolution", "img_channels")
"""The settings, where they were given by position."""
FIXED = {
    "activation": "lrelu",
    "architecture": "resnet",
    "mbstd_num_channels": 1,
    "embed_features": None,
    "layer_features": None,
}
"""Settings that the discriminator here has no other value for."""
FIXED_LABELS = {"cmap_dim": None, "lr_multiplier": 0.01}
"""The same where it reads labels."""


def is_nvidia_discriminator(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a network is such a discriminator."""
    return "b4.out.weight" in tensors


def nvidia_discriminator(network: Network) -> StyleGAN2Discriminator:
    """The residual discriminator that StyleGAN2(-ADA) and StyleGAN3 are trained with.

    Raises:
        CheckpointError: settings are out of range or have no counterpart here, or weights do not fit.
    """
    tensors = {f"D.{name}": value.float() for name, value in network.tensors.items()}
    settings = Settings.of(network.init_args, network.init_kwargs, ORDER, "block_kwargs", "epilogue_kwargs")
    classes, widest = settings.classes, settings.widest
    settings.check(FIXED | (FIXED_LABELS if classes else {}), DISCRIMINATOR)
    expected = {"D.b4.conv.weight": (widest, widest + 1, 3, 3)}
    check_shapes(tensors, expected | ({"D.mapping.embed.weight": (widest, classes)} if classes else {}))
    told: dict[str, Any] = {
        "image": settings.image,
        "group": settings.whole("mbstd_group_size", 4),
        **settings.channels,
    }
    told["clamp"] = settings.clamp(network.attributes)
    layers = sum(re.fullmatch(r"D\.mapping\.fc\d+\.weight", name) is not None for name in tensors)
    made = (
        LabeledStyleGAN2Discriminator(
            classes=classes, label_layers=whole("count of mapping layers", layers, 1, 64), **told
        )
        if classes
        else StyleGAN2Discriminator(**told)
    )
    fill("discriminator", made, from_stylegan2(tensors))
    return made
