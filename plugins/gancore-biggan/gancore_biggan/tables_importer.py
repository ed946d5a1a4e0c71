"""What reads the authors' released generators, as pytorch-pretrained-BigGAN has them."""

from typing import ClassVar

from gancore import Pipeline
from gancore.published import Importer, Network, fill
from gancore.standard.conditioners import Embedding
from gancore.standard.labels import UniformLabels
from gancore_biggan.sizes import eps
from gancore_biggan.tables_names import places, tabled_sizes, tabled_weights
from gancore_biggan.truncations import ScaledTruncatedNormal, TabledDeepBigGANGenerator

__all__ = ["Pretrained"]

EPS = 1e-4
"""ε of batch and spectral normalization in the released generators."""


class Pretrained(Importer):
    """Generators of huggingface/pytorch-pretrained-BigGAN, BigGAN-deep with 51 truncations, whose sizes are
    inferred from their weights.
    """

    title: ClassVar[str] = "pytorch-pretrained-BigGAN"

    def is_generator(self, network: Network) -> bool:
        """Judging by the tables of the last batch norm."""
        names = network.tensors.keys()
        return {"embeddings.weight", "generator.bn.running_means"} <= names

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Truncated normal latents, the class embedding and the generator."""
        table = network.tensors["embeddings.weight"]  # (E, K)
        layers = places(network.tensors)
        epsilon = eps(network, "eps", EPS)
        generator = TabledDeepBigGANGenerator(
            **tabled_sizes(network.tensors, layers),
            embedding_size=len(table),
            norm_eps=epsilon,
            last_norm_eps=epsilon,
            spectral_eps=epsilon,
        )
        fill(generator, tabled_weights(network.tensors, layers))
        classes = table.shape[1]
        conditioner = Embedding(code=generator.code_shape, classes=classes, size=len(table))
        fill(conditioner, {"table.weight": table.t().contiguous()})
        return Pipeline(
            sampler=ScaledTruncatedNormal(latent=conditioner.latent_shape),
            conditioner=conditioner,
            generator=generator,
            labels=UniformLabels(classes=classes),
        )
