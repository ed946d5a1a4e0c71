"""The recipe of Real-ESRGAN."""

import math
from collections.abc import Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from gancore.component.interfaces import Average, Discriminator, Loss, Optimizer
from gancore.component.part import Seat, field, part, seat
from gancore.component.randomness import seeded
from gancore.component.validators import at_least, whole
from gancore.data.made import smaller
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.recipes.base import DiscriminatorProbe, Run
from gancore.recipes.batches import RealBatch
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore_esrgan.degradation import Degradation, SecondOrderDegradation
from gancore_esrgan.recipe import Enlarging, small_networks
from gancore_esrgan.unet import UNetDiscriminator

__all__ = ["RealESRGAN"]

HALF_LIFE = 33_254.5
"""Images after which an average of batches of 48 has kept a half, where each step keeps 0.999."""


def _average() -> ExponentialAverage:
    return ExponentialAverage(half_life=HALF_LIFE, ramp_up=math.inf)


def _adam() -> Adam:
    return Adam(lr=1e-4, betas=(0.9, 0.99))


@part("real-esrgan")
class RealESRGAN(Enlarging):
    """A translator learns to enlarge images and to remove what spoiled them, from images alone: the sources
    are made of them at random.

    Paper: Wang et al. 2021, arXiv:2107.10833, sections 3 and 4.1. One step is, in this order:

    1. a batch of images, and their sources by the degradation (sections 3.2 and 3.3), each by its own draws;
    2. one update of the discriminator, a U-Net with spectral normalization that scores each pixel;
    3. one update of the generator, which minimizes E |G(x) - y| + perceptual(G(x), y) + 0.1 × loss;
    4. an update of the averaged weights.

    Batches of 48, Adam with β₁ = 0.9, β₂ = 0.99 and a constant learning rate of 1e-4, averages that keep
    0.999 of themselves in a step, and images of 256×256 are those of the released options. It starts from a
    generator that was trained by pixels alone (`recipe/real-esrnet`), whose weights `--init` takes.

    Sample grids and evaluations read the entry `source`, a bicubic smaller copy of each image, which is the
    same every time.

    Differences: the released code updates the generator first, and compares with sharpened images; it draws a
    degradation for a batch and mixes batches in a pool, where here each image has its own; features are those
    of an extractor that comes with gancore, since VGG19's weights do not; see `distance/feature-l1`. With
    several processes each degrades the images of all.

    Raises:
        FitError: the sides of the images are not multiples of `scale`; the parts do not fit in shape; a part
            reads labels; nothing is minimized.
    """

    examples = (
        {
            **small_networks,
            "discriminator": {"part": "gancore-esrgan:unet-sn", "width": 2},
            "average": "no-average",
            "scale": 2,
            "image": (3, 16, 16),
        },
    )

    scale: int = field(default=4, validator=whole(1), help="how many times larger images are than sources")
    degradation: Seat[Degradation] = seat(
        default=SecondOrderDegradation, help="makes the sources of the images that are learned from"
    )
    discriminator: Seat[Discriminator] = seat(default=UNetDiscriminator)
    loss: Seat[Loss] = seat(default=NonSaturating)
    average: Seat[Average] = seat(default=_average)
    adversarial: float = field(
        default=0.1, validator=at_least(0), help="weight of the generator's adversarial loss"
    )
    pixel_weight: float = field(
        default=1.0, validator=at_least(0), help="weight of `pixel` for images in [0, 1]"
    )
    batch: int = field(default=48, validator=whole(1), help="batch size, unless the run sets one")
    generator_optimizer: Seat[Optimizer] = seat(default=_adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=_adam)

    def bind(
        self,
        *,
        seed: int | None = None,
        path: str | None = None,
        by: str = "",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Takes the facts, and the shape of the source from that of the image."""
        told = dict(facts or {})
        image = told.get("image", self.image)
        if image is not None:
            told["source"] = self._source_of(image)
        super().bind(seed=seed, path=path, by=by, facts=told)

    def facts(self, seat: str) -> dict[str, Any]:
        """Those of pairs; the degradation is told the factor."""
        return {**super().facts(seat), "scale": self.scale}

    @property
    def wants(self) -> frozenset[str]:
        """Images."""
        return frozenset({"image"})

    def derive(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`source`: a smaller copy without anything random, for sample grids and evaluations."""
        return {"source": smaller(batch["image"], self.scale)}

    def pipelines(self) -> dict[str, Pipeline]:
        """Enlarges source images with the averaged generator."""
        made = super().pipelines()["image"]
        return {"image": Pipeline(**made.parts, reads="source", makes="image")}  # type: ignore[arg-type]

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """As `recipe/paired`, of the images themselves."""
        return {name: attrs.evolve(probe, real="image") for name, probe in super().probes().items()}

    def real_batch(self, run: Run) -> RealBatch:
        """The next images, with sources that were made of them at random."""
        image = run.batch(run.share(self.batch_fraction))["image"]
        return self.pairs({"source": self.degraded(run, image), "target": image})

    @torch.no_grad()
    def degraded(self, run: Run, image: Tensor) -> Tensor:
        """The sources `(N, C, H/scale, W/scale)` of images, the same however many processes share a batch."""
        seed = int(torch.randint(2**62, (), generator=run.rng))
        everyone = run.gather(image)
        with seeded(seed, image.device):
            return run.scatter(self.degradation(everyone))

    def _source_of(self, image: tuple[int, int, int]) -> tuple[int, int, int]:
        channels, height, width = image
        if height % self.scale or width % self.scale:
            raise FitError(
                f"{self.qualified_name} makes sources {self.scale} times smaller, but got images of "
                f"{height}×{width}; use sides that are multiples of {self.scale}"
            )
        return channels, height // self.scale, width // self.scale
