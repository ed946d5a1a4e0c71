"""Converts NVIDIA's discriminators of StyleGAN2(-ADA) and StyleGAN3 to parts, with the sizes given by their
settings, and their weights.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from gancore.published import Network
from gancore_stylegan.published.nvidia_known import DISCRIMINATOR
from gancore_stylegan.published.nvidia_names import from_stylegan2
from gancore_stylegan.published.nvidia_settings import Settings, check_shapes, positive
from gancore_stylegan.published.seats import fill_seat
from gancore_stylegan.stylegan2.discriminator import (
    LabeledPlainStyleGAN2Discriminator,
    LabeledSkipStyleGAN2Discriminator,
    LabeledStyleGAN2Discriminator,
    PlainStyleGAN2Discriminator,
    SkipStyleGAN2Discriminator,
    StyleGAN2Discriminator,
)

__all__ = ["is_nvidia_discriminator", "nvidia_discriminator"]

ORDER = ("c_dim", "img_resolution", "img_channels")
"""The order of the settings when they are positional arguments."""
ARCHITECTURES = {
    "resnet": (StyleGAN2Discriminator, LabeledStyleGAN2Discriminator),
    "skip": (SkipStyleGAN2Discriminator, LabeledSkipStyleGAN2Discriminator),
    "orig": (PlainStyleGAN2Discriminator, LabeledPlainStyleGAN2Discriminator),
}
"""Class names without labels, and with labels."""
FIXED = {"activation": "lrelu", "mbstd_num_channels": 1}
"""Settings for which the discriminator here supports only one value."""


def is_nvidia_discriminator(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a network is such a discriminator, judging by the names of its tensors."""
    return "b4.out.weight" in tensors


def nvidia_discriminator(network: Network) -> PlainStyleGAN2Discriminator:
    """The discriminator that StyleGAN2(-ADA) and StyleGAN3 are trained against.

    Raises:
        CheckpointError: settings are out of range or have no counterpart here, or weights do not fit.
    """
    settings = Settings.of(network.init_args, network.init_kwargs, ORDER, "block_kwargs", "epilogue_kwargs")
    settings.check(FIXED, DISCRIMINATOR)
    unlabeled, labeled = settings.choice("architecture", ARCHITECTURES, "resnet")
    _check_widths(settings, network.tensors)
    told: dict[str, Any] = {"image": settings.image, "group": _group(settings), **settings.channels}
    told["clamp"] = settings.clamp(network.attributes)
    made = labeled(**told, **_labels(settings, network.tensors)) if settings.classes else unlabeled(**told)
    fill_seat(
        "discriminator",
        made,
        from_stylegan2({f"D.{name}": value.float() for name, value in network.tensors.items()}),
    )
    return made


def _group(settings: Settings) -> int:
    """The group size of the minibatch standard deviation; None means the whole batch."""
    unsaid = settings.network.get("mbstd_group_size", 4) is None
    return 0 if unsaid else settings.whole("mbstd_group_size", 4)


def _check_widths(settings: Settings, tensors: Mapping[str, Tensor]) -> None:
    widths = settings.feature_maps
    expected = {f"b{size}.conv0.weight": (width, width, 3, 3) for size, width in widths.items() if size > 4}
    check_shapes(tensors, expected | {"b4.conv.weight": (widths[4], widths[4] + 1, 3, 3)})


def _labels(settings: Settings, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    """The options of a discriminator that reads labels."""
    told = 0 if settings.network.get("cmap_dim") is None else settings.whole("cmap_dim")
    width = told or settings.feature_maps[4]
    layers = settings.mapping_layers(tensors, 0, width, 0)
    return {
        "classes": settings.classes,
        "label_layers": layers.count,
        "label_width": told,
        "label_embedding": 0 if layers.embedding == width else layers.embedding,
        "label_hidden": 0 if layers.hidden == width else layers.hidden,
        "label_lr_multiplier": positive("lr_multiplier", settings.mapping.get("lr_multiplier", 0.01), 1e3),
    }
