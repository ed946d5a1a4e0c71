"""What reads the published networks of R3GAN."""

from typing import Any, ClassVar

from gancore import Discriminator, Pipeline
from gancore.errors import CheckpointError
from gancore.published import Importer, Network, fill
from gancore.standard.conditioners import Embedding, Identity
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_r3gan.discriminator import LabeledR3GANDiscriminator, R3GANDiscriminator
from gancore_r3gan.generator import R3GANGenerator
from gancore_r3gan.names import discriminator_weights, generator_weights
from gancore_r3gan.sizes import count_stages, image_size, options, plain_names

__all__ = ["Published"]


class Published(Importer):
    """Networks of brownvc/R3GAN, whose sizes are inferred from their weights."""

    title: ClassVar[str] = "R3GAN"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first basis."""
        return "MainLayers.0.Layers.0.Basis" in plain_names(network.tensors)

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the layer from colors."""
        return "ExtractionLayer.Layer.weight" in plain_names(network.tensors)

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Normal latents and the generator; with labels, their embedding is joined to the latents."""
        found = plain_names(network.tensors)
        code = found["MainLayers.0.Layers.0.LinearLayer.weight"].shape[1]
        stages = count_stages(found)
        colors = found["AggregationLayer.Layer.weight"].shape[0]
        image = (colors, *image_size(found, "MainLayers.0.Layers.0.Basis", stages))
        shape = options(found, range(stages), 1)
        generator = R3GANGenerator(image=image, latent_size=code, **shape)
        fill(generator, generator_weights(found))
        table = found.get("EmbeddingLayer.weight")  # (E, K)
        if table is None:
            return Pipeline(
                sampler=Normal(latent=(code,)), conditioner=Identity(code=(code,)), generator=generator
            )
        size, classes = table.shape
        conditioner = Embedding(code=(code,), classes=classes, size=size)
        fill(conditioner, {"table.weight": table.t().contiguous()})
        return Pipeline(
            sampler=Normal(latent=(code - size,)),
            conditioner=conditioner,
            generator=generator,
            labels=UniformLabels(classes=classes),
        )

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator, without or with labels."""
        found = plain_names(network.tensors)
        stages = count_stages(found)
        last = f"MainLayers.{stages - 1}.Layers."
        basis = next((n for n in found if n.startswith(last) and n.endswith("Basis.weight")), "")
        if not basis:
            raise CheckpointError("the network has no basis at its end; it is damaged")
        told: dict[str, Any] = {
            "image": (found["ExtractionLayer.Layer.weight"].shape[1], *image_size(found, basis, stages)),
            **options(found, range(stages)[::-1], 0),
        }
        table = found.get("EmbeddingLayer.weight")  # (E, K)
        made: Discriminator = (
            R3GANDiscriminator(**told)
            if table is None
            else LabeledR3GANDiscriminator(classes=table.shape[1], embedding=table.shape[0], **told)
        )
        fill(made, discriminator_weights(found, stages))
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/r3gan` with the settings for CIFAR-10; the files hold none."""
        return {"part": "r3gan"}
