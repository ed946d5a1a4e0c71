"""What reads the networks of the authors' PyTorch code."""

from typing import Any, ClassVar

from gancore import Discriminator, Generator, Pipeline
from gancore.published import Importer, Network, fill
from gancore.standard.conditioners import Embedding, OneHot
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_biggan.deep_generator import DeepBigGANGenerator
from gancore_biggan.discriminator import BigGANDiscriminator, DeepBigGANDiscriminator
from gancore_biggan.generator import BigGANGenerator, TableBigGANGenerator
from gancore_biggan.names import discriminator_weights, generator_weights, is_deep
from gancore_biggan.sizes import UpSizes, down_sizes, eps, up_sizes

__all__ = ["Released", "labeled_pipeline"]

NORM_EPS, SPECTRAL_EPS = 1e-5, 1e-6
"""The released settings for ImageNet, for files without settings."""
CONVERTED_EPS = 1e-4
"""Both, in generators that its converter made of those of TensorFlow Hub."""


class Released(Importer):
    """Networks of ajbrock/BigGAN-PyTorch, whose sizes are inferred from their weights.

    Settings that leave no trace in the weights, `bn_eps` and `sn_eps`, are read where a file has them.
    Without them, generators of its converter, which lack the singular values `sv0` of trained ones, get 1e-4
    for both, all others 1e-5 and 1e-6; the last batch norm has 1e-5 in any case.
    """

    title: ClassVar[str] = "ajbrock's BigGAN"

    def is_generator(self, network: Network) -> bool:
        """Judging by the last batch norm and the first scale."""
        return {"output_layer.0.gain", "blocks.0.0.bn1.gain.weight"} <= network.tensors.keys()

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the embedding and the first block."""
        return {"embed.weight", "linear.weight", "blocks.0.0.conv1.weight"} <= network.tensors.keys()

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Normal latents and the generator, with the shared class embedding joined to the latents."""
        found, deep = up_sizes(network), is_deep(network.tensors)
        trained = "linear.sv0" in network.tensors
        epsilons = {
            "norm_eps": eps(network, "bn_eps", NORM_EPS if trained else CONVERTED_EPS),
            "spectral_eps": eps(network, "sn_eps", SPECTRAL_EPS if trained else CONVERTED_EPS),
        }
        generator = _generator(found, deep, epsilons)
        first = found.embedding if deep else 0
        fill(generator, generator_weights(network.tensors, found.depth, first, epsilons["spectral_eps"]))
        code = generator.code_shape
        if not found.embedding:
            return labeled_pipeline(generator, OneHot(code=code, classes=found.classes))
        conditioner = Embedding(code=code, classes=found.classes, size=found.embedding)
        fill(conditioner, {"table.weight": network.tensors["shared.weight"]})
        return labeled_pipeline(generator, conditioner)

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator."""
        found, smallest = down_sizes(network), eps(network, "sn_eps", SPECTRAL_EPS)
        told: dict[str, Any] = {
            "image": found.image,
            "classes": found.classes,
            "widths": found.widths,
            "halvings": found.halvings,
            "attention": found.attention,
            "spectral_eps": smallest,
        }
        deep = is_deep(network.tensors)
        made: Discriminator = (
            DeepBigGANDiscriminator(depth=found.depth, **told) if deep else BigGANDiscriminator(**told)
        )
        fill(made, discriminator_weights(network.tensors, smallest))
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/biggan` with the paper's settings; the files hold none."""
        return {"part": "biggan"}


def labeled_pipeline(generator: Generator, conditioner: Embedding | OneHot) -> Pipeline:
    """Normal latents, a conditioner that reads labels, and a generator."""
    return Pipeline(
        sampler=Normal(latent=conditioner.latent_shape),
        conditioner=conditioner,
        generator=generator,
        labels=UniformLabels(classes=conditioner.classes),
    )


def _generator(found: UpSizes, deep: bool, epsilons: dict[str, float]) -> Generator:
    told: dict[str, Any] = {
        "image": found.image,
        "latent_size": found.latent,
        "widths": found.widths,
        "attention": found.attention,
        **epsilons,
    }
    if deep:
        return DeepBigGANGenerator(embedding_size=found.embedding, depth=found.depth, **told)
    if not found.embedding:
        return TableBigGANGenerator(classes=found.classes, **told)
    return BigGANGenerator(embedding_size=found.embedding, hierarchical=found.hierarchical, **told)
