"""Converts NVIDIA's generators of StyleGAN2(-ADA) and StyleGAN3 to parts, with the sizes given by their
settings, and their weights.
"""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from torch import Tensor

from gancore import Generator
from gancore.errors import CheckpointError
from gancore.published import Network, shown
from gancore_stylegan.published.nvidia_known import GENERATOR, STYLEGAN3
from gancore_stylegan.published.nvidia_names import from_stylegan2
from gancore_stylegan.published.nvidia_settings import Settings, check_shapes, positive
from gancore_stylegan.published.seats import fill_seat
from gancore_stylegan.published.stylegan3_names import from_stylegan3
from gancore_stylegan.stylegan2.mapping import LabeledStyleGAN2Mapping, StyleGAN2Mapping
from gancore_stylegan.stylegan2.synthesis import (
    PlainStyleGAN2Synthesis,
    ResidualStyleGAN2Synthesis,
    StyleGAN2Synthesis,
)
from gancore_stylegan.stylegan3.plan import layer_widths, plan
from gancore_stylegan.stylegan3.synthesis import RotationalStyleGAN3Synthesis, StyleGAN3Synthesis

__all__ = ["is_nvidia_generator", "nvidia_generator"]

ORDER = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
"""The order of the settings when they are positional arguments."""
FIRST = ("G.synthesis.b4.const", "G.synthesis.input.weight")
"""The first tensor of the synthesis network of StyleGAN2, and of StyleGAN3."""
ARCHITECTURES = {
    "skip": StyleGAN2Synthesis,
    "orig": PlainStyleGAN2Synthesis,
    "resnet": ResidualStyleGAN2Synthesis,
}
FIXED = {"activation": "lrelu", "use_noise": True, "kernel_size": 3}
"""Settings for which the StyleGAN2 generator here supports only one value."""
FIXED_3 = {
    "num_critical": 2,
    "first_cutoff": 2,
    "first_stopband": 2**2.1,
    "last_stopband_rel": 2**0.3,
    "margin_size": 10,
    "filter_size": 6,
    "lrelu_upsampling": 2,
}
"""The same for the StyleGAN3 generator."""


def is_nvidia_generator(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a network is such a generator."""
    return any(name.removeprefix("G.") in tensors for name in FIRST)


def nvidia_generator(network: Network, noise: str) -> tuple[StyleGAN2Mapping, Generator]:
    """Mapping and synthesis of a saved generator; `noise` as in generator/stylegan2.

    Raises:
        CheckpointError: settings are out of range or have no counterpart here, or the weights do not fit.
    """
    tensors = {f"G.{name}": value.float() for name, value in network.tensors.items()}
    settings = Settings.of(network.init_args, network.init_kwargs, ORDER, "synthesis_kwargs")
    older = FIRST[0] in tensors
    generator = _stylegan2(settings, network, noise) if older else _stylegan3(settings, network)
    conditioner = _mapping(settings, generator, network, {} if older else {"mixing": 0.0})
    weights = from_stylegan2(tensors) if older else from_stylegan3(tensors)
    fill_seat("generator", generator, weights)
    fill_seat("conditioner", conditioner, weights)
    return conditioner, generator


def _stylegan2(settings: Settings, network: Network, noise: str) -> Generator:
    settings.check(FIXED, GENERATOR)
    made = settings.choice("architecture", ARCHITECTURES, "skip")
    widths, code = settings.feature_maps, settings.whole("w_dim")
    expected: dict[str, tuple[int, ...]] = {"synthesis.b4.const": (widths[4], 4, 4)}
    expected |= {f"synthesis.b{size}.conv1.weight": (width, width, 3, 3) for size, width in widths.items()}
    expected |= {f"synthesis.b{size}.conv1.affine.weight": (width, code) for size, width in widths.items()}
    check_shapes(network.tensors, expected)
    if len(widths) == 1:  # at 4×4 all architectures are the same, and this part uses the names in the file
        made = StyleGAN2Synthesis
    told: dict[str, Any] = {"noise": noise, "clamp": settings.clamp(network.attributes), **settings.channels}
    return made(image=settings.image, code_width=code, **told)


def _stylegan3(settings: Settings, network: Network) -> Generator:
    settings.check(FIXED_3, STYLEGAN3)
    layers = settings.whole("num_layers", 14, least=3, most=64)
    kind = settings.network.get("conv_kernel", 3), settings.network.get("use_radial_filters", False)
    if kind not in ((3, False), (1, True)):
        raise CheckpointError(
            f"the network has kernels of {shown(str(kind[0]), 60)} and radial filters "
            f"{shown(str(kind[1]), 60)}; "
            "only T and R can be imported"
        )
    scale = positive("output_scale", settings.network.get("output_scale", 0.25))
    told: dict[str, Any] = {
        "output_scale": scale,
        "clamp": settings.clamp(network.attributes, 256),
        **settings.channels,
    }
    made = RotationalStyleGAN3Synthesis if kind[1] else StyleGAN3Synthesis
    code, widths = (
        settings.whole("w_dim"),
        layer_widths(plan(settings.image, layers, made.name), *settings.channels.values()),
    )
    _check_layers(network.tensors, widths, code, kind[0])
    return made(image=settings.image, code_width=code, layers=layers, **told)


def _check_layers(tensors: Mapping[str, Tensor], widths: list[int], code: int, kernel: int) -> None:
    """Raises CheckpointError if StyleGAN3's layers, except for the last, to colors, have different widths."""
    expected: dict[str, tuple[int, ...]] = {"synthesis.input.weight": (widths[0], widths[0])}
    matches = [re.match(r"synthesis\.L(\d+)_\d+_\d+\.(?=weight)", name) for name in tensors]
    found = {int(match[1]): match[0] for match in matches if match}
    for place, (before, after) in enumerate(pairwise([widths[0], *widths[:-1]])):
        layer = found.get(place, f"synthesis.L{place}.")
        expected |= {
            f"{layer}weight": (after, before, kernel, kernel),
            f"{layer}affine.weight": (before, code),
        }
    check_shapes(tensors, expected)


def _mapping(
    settings: Settings, generator: Generator, network: Network, how: Mapping[str, float]
) -> StyleGAN2Mapping:
    latent, width = settings.whole("z_dim"), settings.whole("w_dim")
    layers = settings.mapping_layers(network.tensors, latent, width, 1)
    # if the network itself does not specify it: 0.995 in the code of ADA, 0.998 in that of StyleGAN3
    decay = settings.mapping.get("w_avg_beta", 0.998 if how else 0.995)
    told: dict[str, Any] = {
        "code": generator.code_shape,
        "latent_width": latent,
        "width": layers.hidden,
        "layers": layers.count,
        "lr_multiplier": positive("lr_multiplier", settings.mapping.get("lr_multiplier", 0.01), 1e3),
        "decay": positive("w_avg_beta", network.attributes.get("mapping.w_avg_beta", decay), 1),
        **how,
    }
    if not settings.classes:
        return StyleGAN2Mapping(**told)
    return LabeledStyleGAN2Mapping(
        classes=settings.classes, embedding_width=0 if layers.embedding == width else layers.embedding, **told
    )
