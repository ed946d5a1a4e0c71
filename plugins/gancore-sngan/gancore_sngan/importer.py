"""What reads networks of SNGAN, and of the conditional GAN with projection, by torch-mimicry."""

from typing import Any, ClassVar

from gancore import Discriminator, Generator, Pipeline
from gancore.published import Importer, Network, fill
from gancore.published.mimicry import (
    UpSizes,
    down_sizes,
    is_down,
    is_spectral,
    is_up,
    resnet_weights,
    up_sizes,
)
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_sngan.discriminator import ProjectionSNGANDiscriminator, SNGANDiscriminator
from gancore_sngan.generator import LabeledSNGANGenerator, SNGANGenerator

__all__ = ["Mimicry"]


class Mimicry(Importer):
    """SNGAN and the conditional GAN with projection of torch-mimicry, whose sizes are inferred from their
    weights.
    """

    title: ClassVar[str] = "torch-mimicry's SNGAN"

    def is_generator(self, network: Network) -> bool:
        """One without attention and spectral normalization; WGAN-GP's is the same network."""
        return is_up(network) and not is_spectral(network, "block2.c1")

    def is_discriminator(self, network: Network) -> bool:
        """One without attention, with spectral normalization."""
        attention = "attn_block.gamma" in network.tensors
        return is_down(network) and is_spectral(network, "block1.c1") and not attention

    def pipeline(self, network: Network, **options: str) -> Pipeline:
        """Normal latents and the generator; with labels, they are joined to the latents."""
        found = up_sizes(network)
        told: dict[str, Any] = {
            "image": found.image,
            "latent_size": found.latent,
            "widths": found.widths,
            "upsampling": "bilinear",
        }
        generator: Generator = (
            LabeledSNGANGenerator(classes=found.classes, **told) if found.classes else SNGANGenerator(**told)
        )
        fill(generator, {f"layers.{name}": value for name, value in resnet_weights(network).items()})
        return labeled_pipeline(generator, found)

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator, with shortcuts that take the activated input."""
        found = down_sizes(network)
        told: dict[str, Any] = {
            "image": found.image,
            "widths": found.widths,
            "halvings": found.halvings,
            "activated_shortcut": True,
        }
        if not found.classes:
            made: Discriminator = SNGANDiscriminator(**told)
            head = {"score": "score"}
        else:
            made = ProjectionSNGANDiscriminator(classes=found.classes, **told)
            head = {"score": "head.score", "embedding": "head.embedding"}
        fill(made, {_under(name, head): value for name, value in resnet_weights(network).items()})
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/sngan` with published settings."""
        return {"part": "sngan"}


def labeled_pipeline(generator: Generator, found: UpSizes) -> Pipeline:
    """Normal latents and a generator; with classes, labels are joined to the latents."""
    code, classes = generator.code_shape, found.classes
    return Pipeline(
        sampler=Normal(latent=(found.latent,)),
        conditioner=OneHot(code=code, classes=classes) if classes else Identity(code=code),
        generator=generator,
        labels=UniformLabels(classes=classes) if classes else None,
    )


def _under(name: str, head: dict[str, str]) -> str:
    first, _, rest = name.partition(".")
    return f"{head[first]}.{rest}" if first in head else f"layers.{name}"
