"""What reads the published networks of StyleGAN2 and StyleGAN3."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gancore import Conditioner, Discriminator, Generator, Pipeline
from gancore.published import Importer, Network
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_stylegan.published.nvidia_discriminator import is_nvidia_discriminator, nvidia_discriminator
from gancore_stylegan.published.nvidia_generator import is_nvidia_generator, nvidia_generator
from gancore_stylegan.published.rosinality import (
    is_rosinality_discriminator,
    is_rosinality_generator,
    rosinality_discriminator,
    rosinality_generator,
)
from gancore_stylegan.stylegan3.synthesis import StyleGAN3Synthesis

__all__ = ["NVIDIA", "Rosinality"]


class StyleGANImporter(Importer):
    """What both have in common: normal latents, and the recipes."""

    options: ClassVar[Mapping[str, Sequence[str]]] = {"noise": ("random", "constant", "none")}

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/stylegan2` or `recipe/stylegan3` with published hyperparameters.

        The average has no ramp-up, and nothing is blurred at the start, as in the released code when training
        is resumed.
        """
        name = "stylegan3" if isinstance(pipeline.generator, StyleGAN3Synthesis) else "stylegan2"
        return {"part": name, "average": {"part": "exponential", "ramp_up": math.inf}}


class NVIDIA(StyleGANImporter):
    """NVIDIA's StyleGAN2-ADA and StyleGAN3 in PyTorch."""

    title: ClassVar[str] = "NVIDIA's StyleGAN2-ADA and StyleGAN3"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first tensor of the synthesis network."""
        return is_nvidia_generator(network.tensors)

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the last layer's tensor."""
        return is_nvidia_discriminator(network.tensors)

    def pipeline(self, network: Network, **options: str) -> Pipeline:
        """Mapping and synthesis, with the sizes that the settings give; `noise` as in generator/stylegan2."""
        return _pipeline(*nvidia_generator(network, options.get("noise", "random")))

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator of either, with the sizes that the settings give."""
        return nvidia_discriminator(network)


class Rosinality(StyleGANImporter):
    """StyleGAN2 of rosinality/stylegan2-pytorch."""

    title: ClassVar[str] = "rosinality's StyleGAN2"

    def is_generator(self, network: Network) -> bool:
        """Judging by names of tensors."""
        return is_rosinality_generator(network.tensors)

    def is_discriminator(self, network: Network) -> bool:
        """Judging by names of tensors."""
        return is_rosinality_discriminator(network.tensors)

    def pipeline(self, network: Network, **options: str) -> Pipeline:
        """Mapping and synthesis, with sizes inferred from the weights; `noise` as in generator/stylegan2.

        w̄ is `latent_avg`, which the file may hold beside its networks.
        """
        beside = {name: network.beside[name] for name in ("latent_avg",) if name in network.beside}
        return _pipeline(*rosinality_generator({**beside, **network.tensors}, options.get("noise", "random")))

    def discriminator(self, network: Network) -> Discriminator:
        """The residual discriminator, with sizes inferred from the weights."""
        return rosinality_discriminator(network.tensors)


def _pipeline(conditioner: Conditioner, generator: Generator) -> Pipeline:
    classes = getattr(conditioner, "classes", 0)
    return Pipeline(
        sampler=Normal(latent=conditioner.latent_shape),
        conditioner=conditioner,
        generator=generator,
        labels=UniformLabels(classes=classes) if classes else None,
    )
