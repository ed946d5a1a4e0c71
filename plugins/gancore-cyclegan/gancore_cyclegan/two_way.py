"""What recipes of two translators, there and back, have in common."""

from typing import Any

from torch import Tensor

from gancore.component.interfaces import Average, Discriminator, Generator, Terms
from gancore.component.part import Seat, interface, seat
from gancore.pipeline import Pipeline
from gancore.recipes.base import DiscriminatorProbe
from gancore.standard.averages import NoAverage
from gancore.standard.conditioners import Identity
from gancore.standard.patchgan import PatchGAN
from gancore.standard.translators import ResNet
from gancore_cyclegan.unpaired import Unpaired

__all__ = ["TwoWay"]


@interface("recipe")
class TwoWay(Unpaired):
    """Images of two domains, a translator to each of them from the other, and a discriminator in each."""

    to_target: Seat[Generator] = seat(default=ResNet, help="translates source images into target images")
    to_source: Seat[Generator] = seat(default=ResNet, help="translates target images into source images")
    target_discriminator: Seat[Discriminator] = seat(
        default=PatchGAN, help="distinguishes target images from translated source images"
    )
    source_discriminator: Seat[Discriminator] = seat(
        default=PatchGAN, help="distinguishes source images from translated target images"
    )
    average: Seat[Average] = seat(default=NoAverage)

    def facts(self, seat: str) -> dict[str, Any]:
        """`image` is the domain that a part makes or scores, `source` the domain that a translator reads."""
        backward = seat in ("to_source", "source_discriminator")
        return {
            "image": self.source if backward else self.image,
            "source": self.image if backward else self.source,
        }

    def build(self) -> None:
        """Checks the penalties and starts the averages."""
        self.check_penalties(self.target_discriminator, self.source_discriminator)
        self.average.start(to_target=self.to_target, to_source=self.to_source)

    def both_judged(self, source: Tensor, target: Tensor, fake_source: Tensor, fake_target: Tensor) -> Terms:
        """The losses and penalties of both discriminators, on images `(N, C, H, W)` and translations."""
        return {
            **self.judged("target", self.target_discriminator, target, fake_target),
            **self.judged("source", self.source_discriminator, source, fake_source),
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """`forward` translates source images, `backward` target images."""
        return {
            "forward": self._pipeline("to_target", reads="source"),
            "backward": self._pipeline("to_source", reads="target"),
        }

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """Both discriminators."""
        return {
            "target discriminator": DiscriminatorProbe(
                self.target_discriminator, real="target", pipeline="forward"
            ),
            "source discriminator": DiscriminatorProbe(
                self.source_discriminator, real="source", pipeline="backward"
            ),
        }

    def _pipeline(self, name: str, *, reads: str) -> Pipeline:
        generator = self.average.of(name)
        assert isinstance(generator, Generator)
        conditioner = Identity(code=tuple(generator.code_shape))
        return Pipeline(conditioner=conditioner, generator=generator, reads=reads)
