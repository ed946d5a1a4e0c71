"""What reads the residual families of torch-mimicry."""

from typing import Any, ClassVar

from gancore.component.interfaces import Discriminator, Generator
from gancore.pipeline import Pipeline
from gancore.published.importer import Importer
from gancore.published.mimicry import (
    UpSizes,
    down_sizes,
    is_down,
    is_spectral,
    is_up,
    resnet_weights,
    up_sizes,
)
from gancore.published.networks import Network, fill
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import UniformLabels
from gancore.standard.resnet import (
    LabeledResNetGenerator,
    ProjectionResNetDiscriminator,
    ResNetDiscriminator,
    ResNetGenerator,
)
from gancore.standard.samplers import Normal

__all__ = ["MimicryImporter"]


class MimicryImporter(Importer):
    """A residual family of torch-mimicry; a plugin names its parts, and sizes are inferred from the weights.

    `family` is the name that a file's settings give the family, where it has settings: the generators of
    SNGAN and WGAN-GP are the same network.
    """

    family: ClassVar[tuple[str, ...]]
    generators: ClassVar[tuple[type[ResNetGenerator], type[LabeledResNetGenerator] | None]]
    discriminators: ClassVar[tuple[type[ResNetDiscriminator], type[ProjectionResNetDiscriminator] | None]]
    """The parts without and with labels."""
    attends: ClassVar[bool] = False
    needs_settings: ClassVar[bool] = False
    """Whether a generator is taken only if the settings of its file name the family."""
    part: ClassVar[str]
    """The recipe that trains on."""

    def is_generator(self, network: Network) -> bool:
        """Judging by the settings, attention and spectral normalization."""
        spectral = is_spectral(network, "block2.c1") == self.generators[0].spectral
        return is_up(network) and spectral and self._is_mine(network, self.needs_settings)

    def is_discriminator(self, network: Network) -> bool:
        """Judging by attention and spectral normalization."""
        spectral = is_spectral(network, "block1.c1") == self.discriminators[0].spectral
        return is_down(network) and spectral and self._is_mine(network, False)

    def _is_mine(self, network: Network, needs_settings: bool) -> bool:
        named = network.init_kwargs.get("network", "" if needs_settings else self.family[0])
        return named in self.family and ("attn_block.gamma" in network.tensors) == self.attends

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Normal latents and the generator; with labels, they are joined to the latents."""
        found, (plain, labeled) = up_sizes(network), self.generators
        told: dict[str, Any] = {
            "image": found.image,
            "latent_size": found.latent,
            "widths": found.widths,
            "upsampling": "bilinear",
            **({"attention": found.attention} if self.attends else {}),
        }
        generator: Generator = (
            labeled(classes=found.classes, **told) if labeled and found.classes else plain(**told)
        )
        fill(generator, {f"layers.{name}": value for name, value in resnet_weights(network).items()})
        return _pipeline(generator, found)

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator, with shortcuts that take the activated input."""
        found, (plain, labeled) = down_sizes(network), self.discriminators
        told: dict[str, Any] = {
            "image": found.image,
            "widths": found.widths,
            "halvings": found.halvings,
            "activated_shortcut": True,
            **({"attention": found.attention} if self.attends else {}),
        }
        if labeled and found.classes:
            made: Discriminator = labeled(classes=found.classes, **told)
            head = {"score": "head.score", "embedding": "head.embedding"}
        else:
            made, head = plain(**told), {"score": "score"}
        fill(made, {_under(name, head): value for name, value in resnet_weights(network).items()})
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """The family's recipe with published settings."""
        return {"part": self.part}


def _pipeline(generator: Generator, found: UpSizes) -> Pipeline:
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
