"""What reads networks of ProGAN by facebookresearch/pytorch_GAN_zoo."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from gancore import Conditioner, Discriminator, Pipeline
from gancore.published import Importer, Network, fill
from gancore.standard.conditioners import Identity, OneHot
from gancore.standard.labels import UniformLabels
from gancore.standard.samplers import Normal
from gancore_progan.discriminator import ProGANDiscriminator
from gancore_progan.generator import ProGANGenerator
from gancore_progan.names import converted, discriminator_place, generator_place, plain_names
from gancore_progan.settings import classes_of, settings

__all__ = ["Zoo"]


class Zoo(Importer):
    """ProGAN of pytorch_GAN_zoo, whose sizes are inferred from its weights; the other settings are those
    beside it.

    A network that was saved while a size faded in stays at that stage. The zoo's discriminator does not blend
    if it has only two sizes; then nor does the one that is imported. Its scores of classes are left out.
    """

    title: ClassVar[str] = "pytorch_GAN_zoo's ProGAN"

    def is_generator(self, network: Network) -> bool:
        """Judging by the first layer and the first layer to colors."""
        return {"formatLayer.weight", "toRGBLayers.0.weight"} <= plain_names(network.tensors).keys()

    def is_discriminator(self, network: Network) -> bool:
        """Judging by the last layer and the first layer from colors."""
        return {"decisionLayer.weight", "fromRGBLayers.0.weight"} <= plain_names(network.tensors).keys()

    def pipeline(self, network: Network, **_: str) -> Pipeline:
        """Normal latents, which the generator normalizes; with classes, they are joined to the latents."""
        found, told = plain_names(network.tensors), settings(network)
        latent, widths = found["formatLayer.weight"].shape[1], _widths(found, "groupScale0.0", 0)
        generator = ProGANGenerator(
            image=(found["toRGBLayers.0.weight"].shape[0], *_size(widths)),
            latent_size=latent,
            widths=widths,
            slope=told.slope,
            output=told.output,
            bias_per_position=True,
        )
        place = partial(generator_place, scales=len(widths) - 1)
        _fill(generator, found, place, told.equalized, told.coarser)
        code, classes = (latent,), classes_of(network)
        conditioner: Conditioner = OneHot(code=code, classes=classes) if classes else Identity(code=code)
        return Pipeline(
            sampler=Normal(latent=(latent - classes,)),
            conditioner=conditioner,
            generator=generator,
            labels=UniformLabels(classes=classes) if classes else None,
        )

    def discriminator(self, network: Network) -> Discriminator:
        """The discriminator; one without minibatch standard deviation ignores a constant map."""
        found, told = plain_names(network.tensors), settings(network)
        widths = _widths(found, "groupScaleZero.0", 1)
        deviates = found["groupScaleZero.0.weight"].shape[1] > widths[0]
        made = ProGANDiscriminator(
            image=(found["fromRGBLayers.0.weight"].shape[1], *_size(widths)),
            widths=widths,
            slope=told.slope,
            group=4 if deviates else 1,
            variance="sample",
        )
        place = partial(discriminator_place, scales=len(widths) - 1)
        _fill(made, found, place, told.equalized, told.coarser if len(widths) > 2 else 0.0)
        return made

    def recipe(self, pipeline: Pipeline) -> dict[str, Any]:
        """`recipe/progan` with published settings."""
        return {"part": "progan"}


def _widths(found: Mapping[str, Tensor], smallest: str, dimension: int) -> tuple[int, ...]:
    """Channels of the maps, from the smallest on: those that the first layer of each block gives (0) or
    reads (1).
    """
    widths = [found[f"{smallest}.weight"].shape[0]]
    while (weight := found.get(f"scaleLayers.{len(widths) - 1}.0.weight")) is not None:
        widths.append(weight.shape[dimension])
    return tuple(widths)


def _size(widths: tuple[int, ...]) -> tuple[int, int]:
    side = 4 << (len(widths) - 1)
    return side, side


def _fill(
    part: ProGANGenerator | ProGANDiscriminator,
    found: Mapping[str, Tensor],
    place: Any,
    equalized: bool,
    coarser: float,
) -> None:
    """Loads the weights, and sets the stage: a doubling that fades in counts as much as it weighs."""
    weights = converted(part, found, place, equalized=equalized)
    stage = part.stage.new_tensor(part.doublings - coarser if part.doublings else 0.0)
    fill(part, {**weights, "stage": stage})
