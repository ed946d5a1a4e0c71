"""Converts the networks of rosinality/stylegan2-pytorch, whose sizes are inferred from their weights."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from gancore.component.interfaces import ImageShape
from gancore.errors import CheckpointError
from gancore.nn.pyramid import channels
from gancore.pipeline import evaluating
from gancore_stylegan.published.rosinality_names import from_rosinality
from gancore_stylegan.published.seats import fill_seat
from gancore_stylegan.stylegan2.discriminator import StyleGAN2Discriminator
from gancore_stylegan.stylegan2.mapping import StyleGAN2Mapping
from gancore_stylegan.stylegan2.synthesis import StyleGAN2Synthesis

__all__ = [
    "is_rosinality_discriminator",
    "is_rosinality_generator",
    "rosinality_discriminator",
    "rosinality_generator",
]

DRAWS = 4096
"""The number of latents used to estimate w̄ if the file has none."""
DISAGREE = "the network's weights disagree with one another"
MOST_DOUBLINGS, MOST_LAYERS, MOST_COLORS = 9, 64, 64
"""Maximum number of blocks (4×4 to 2048×2048), of layers of the mapping, and of channels of an image."""


def is_rosinality_generator(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a state dict is a `g` or `g_ema`."""
    return "input.input" in tensors and "to_rgb1.bias" in tensors


def is_rosinality_discriminator(tensors: Mapping[str, Tensor]) -> bool:
    """Whether a state dict is a `d`."""
    return "final_conv.0.weight" in tensors and "convs.0.0.weight" in tensors


def rosinality_generator(
    tensors: Mapping[str, Tensor], noise: str
) -> tuple[StyleGAN2Mapping, StyleGAN2Synthesis]:
    """Mapping and synthesis of a `g_ema` or `g`. w̄ is the file's `latent_avg`, or if it has none, the mean
    over 4096 latents.

    Files from before `noises.*` were saved are read where no constant noise is asked for. The learning-rate
    multiplier of the mapping, which the file does not contain, is 0.01 as in that
    repository.

    Raises:
        CheckpointError: the weights are not those of such a network.
    """
    blocks, layers = (
        _count(r"to_rgbs\.\d+\.bias", tensors, MOST_DOUBLINGS),
        _count(r"style\.\d+\.weight", tensors, MOST_LAYERS),
    )
    widths = [
        _shape(tensors, "input.input", 4)[1],
        *(_shape(tensors, f"convs.{2 * i}.conv.weight", 5)[1] for i in range(blocks)),
    ]
    latent, colors = _shape(tensors, "style.1.weight", 2)[1], _shape(tensors, "to_rgb1.bias", 4)[1]
    told = _base_and_most(widths)
    # a small file must not be able to request large networks
    expected: dict[str, tuple[int, ...]] = {f"style.{i + 1}.weight": (latent, latent) for i in range(layers)}
    expected |= {f"convs.{2 * i}.conv.weight": (1, widths[i + 1], widths[i], 3, 3) for i in range(blocks)}
    _expect(tensors, expected | {"conv1.conv.weight": (1, widths[0], widths[0], 3, 3)})
    generator = StyleGAN2Synthesis(image=_image(colors, blocks), code_width=latent, noise=noise, **told)
    conditioner = StyleGAN2Mapping(
        code=generator.code_shape, latent_width=latent, width=latent, layers=layers
    )
    weights = {"conditioner.mean": torch.zeros(latent)} | from_rosinality(tensors)
    if not any(name.startswith("noises.") for name in tensors):
        weights |= _own_noise(generator, noise)
    fill_seat("conditioner", conditioner, weights, DISAGREE)
    fill_seat("generator", generator, weights, DISAGREE)
    if "latent_avg" not in tensors:
        _find_mean(conditioner)
    return conditioner, generator


def rosinality_discriminator(tensors: Mapping[str, Tensor]) -> StyleGAN2Discriminator:
    """The residual discriminator of a `d`. Raises CheckpointError if the weights are not those of one."""
    blocks = _count(r"convs\.\d+\.conv1\.0\.weight", tensors, MOST_DOUBLINGS)
    first, colors = _shape(tensors, "convs.0.0.weight", 4)[:2]
    widths = [*(_shape(tensors, f"convs.{i}.conv2.1.weight", 4)[0] for i in range(blocks, 0, -1)), first]
    told = _base_and_most(widths)
    _expect(
        tensors,
        {f"convs.{blocks - i}.conv2.1.weight": (widths[i], widths[i + 1], 3, 3) for i in range(blocks)},
    )
    discriminator = StyleGAN2Discriminator(image=_image(colors, blocks), **told)
    fill_seat("discriminator", discriminator, from_rosinality(tensors), DISAGREE)
    return discriminator


def _own_noise(generator: StyleGAN2Synthesis, noise: str) -> dict[str, Tensor]:
    """Constant noise for files from before it was saved, drawn here; random noise does not show it."""
    if noise == "constant":
        raise CheckpointError(
            "the file is from before constant noise was saved (it has no noises.*), so its samples with such "
            "noise cannot be made; choose --noise random or --noise none"
        )
    state = generator.state_dict()
    return {f"generator.{name}": value for name, value in state.items() if name.endswith("noise.constant")}


def _find_mean(conditioner: StyleGAN2Mapping) -> None:
    draw = torch.Generator().manual_seed(0)
    with evaluating(conditioner), torch.no_grad():
        latent = torch.randn(DRAWS, conditioner.latent_width, generator=draw)
        conditioner.get_buffer("mean").copy_(conditioner.mapped(latent).mean(0))


def _count(pattern: str, tensors: Mapping[str, Tensor], most: int) -> int:
    count = sum(re.fullmatch(pattern, name) is not None for name in tensors)
    if not 0 < count <= most:
        raise CheckpointError(
            f"the network has {count} tensors like {pattern}, not 1 to {most}; it is not a "
            "StyleGAN2 by rosinality"
        )
    return count


def _image(colors: int, blocks: int) -> ImageShape:
    if colors > MOST_COLORS:
        raise CheckpointError(
            f"the network has images of {colors} channels, more than {MOST_COLORS}; it is damaged"
        )
    return colors, 4 << blocks, 4 << blocks


def _expect(tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in shapes.items():
        if _shape(tensors, name, len(shape)) != shape:
            raise CheckpointError(
                f"{name} is {tuple(tensors[name].shape)}, but {shape} was expected; the network is damaged"
            )


def _shape(tensors: Mapping[str, Tensor], name: str, dims: int) -> tuple[int, ...]:
    found = tuple(tensors[name].shape) if name in tensors else ()
    if len(found) != dims or 0 in found:
        raise CheckpointError(
            f"{name} is {found or 'missing'}, but a shape of {dims} positive numbers was "
            "expected; the network is damaged"
        )
    return found


def _base_and_most(widths: list[int]) -> dict[str, int]:
    """The two options that give these numbers of feature maps, smallest resolution first."""
    base, most = widths[-1] << (len(widths) + 1), widths[0]
    if widths != [channels(i + 2, base, most) for i in range(len(widths))]:
        raise CheckpointError(
            f"the network has {widths} feature maps, which do not halve with each doubling of the "
            "resolution; it cannot be imported"
        )
    return {"channels_base": base, "channels_max": most}
