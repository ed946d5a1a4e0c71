"""The recipe of Real-ESRGAN."""

import math
from collections.abc import Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from gancore.component.interfaces import Average, Discriminator, Loss, Optimizer, Terms
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
from gancore_esrgan.degradation import CanvasAugment, Degradation, SecondOrderDegradation, UnsharpMask
from gancore_esrgan.pair_pool import PairPool
from gancore_esrgan.recipe import Enlarging, small_networks
from gancore_esrgan.unet import UNetDiscriminator

__all__ = ["RealESRGAN"]

HALF_LIFE = 33_254.5
"""Images after which an average of batches of 48 has kept a half, where each step keeps 0.999."""


def _average() -> ExponentialAverage:
    return ExponentialAverage(half_life=HALF_LIFE, ramp_up=math.inf)


def _adam() -> Adam:
    return Adam(lr=1e-4, betas=(0.9, 0.99))


_SMALL: Mapping[str, Any] = {
    **small_networks,
    "discriminator": {"part": "gancore-esrgan:unet-sn", "width": 2},
    "average": "no-average",
    "scale": 2,
    "image": (3, 16, 16),
}


@part("real-esrgan")
class RealESRGAN(Enlarging):
    """A translator learns to enlarge images and to remove what spoiled them, from images alone: the sources
    are made of them at random.

    Paper: Wang et al. 2021, arXiv:2107.10833, sections 3 and 4.1. One step is, in this order:

    1. a batch of images, and the sources that the degradation (sections 3.2 and 3.3) makes of them after
       they were sharpened, each by its own draws; with a pool (section 4.1), both take the places of earlier
       pairs, which are learned from instead;
    2. one update of the discriminator, a U-Net with spectral normalization that scores each pixel;
    3. one update of the generator, which minimizes E |G(x) - y| + perceptual(G(x), y) + 0.1 × loss, where y
       is the sharpened image, while the discriminator reads the image itself;
    4. an update of the averaged weights.

    Batches of 48, Adam with β₁ = 0.9, β₂ = 0.99 and a constant learning rate of 1e-4, averages that keep
    0.999 of themselves in a step, and images of 256×256 are those of the released options. It starts from a
    generator that was trained by pixels alone (`recipe/real-esrnet`), whose weights `--init` takes.

    Sample grids and evaluations read the entry `source`, a bicubic smaller copy of each image, which is the
    same every time.

    Which of the three terms see sharpened images are the options `sharpened_pixel`, `sharpened_perceptual`
    and `sharpened_adversarial`, by default as released; an empty seat `sharpening` turns all of it off.

    Differences: the released code updates the generator first; it draws a degradation for a batch, and mixes
    batches in a pool of 15 of them so that those in a batch differ, where here each image has its own and
    `pool` is 0 by default; features are those of an extractor that comes with gancore, since VGG19's weights
    do not; see `distance/feature-l1`. With several processes each degrades the images of all, and the pool,
    the same in each, holds pairs of all.

    Raises:
        FitError: the sides of the images are not multiples of `scale`; the parts do not fit in shape; a part
            reads labels; nothing is minimized; a batch does not divide the pool.
    """

    examples = (_SMALL, {**_SMALL, "pool": 8, "sharpened_adversarial": True})

    scale: int = field(default=4, validator=whole(1), help="how many times larger images are than sources")
    degradation: Seat[Degradation] = seat(
        default=SecondOrderDegradation, help="makes the sources of the images that are learned from"
    )
    sharpening: Seat[CanvasAugment | None] = seat(
        default=UnsharpMask, help="sharpens images before they are degraded and compared with, or none"
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
    sharpened_pixel: bool = field(default=True, help="whether `pixel` compares with sharpened images")
    sharpened_perceptual: bool = field(
        default=True, help="whether `perceptual` compares with sharpened images"
    )
    sharpened_adversarial: bool = field(
        default=False, help="whether the discriminator reads sharpened images as the real ones"
    )
    pool: int = field(
        default=0,
        validator=whole(0),
        help="number of earlier pairs that batches are drawn from, a multiple of the batch; 0 for none",
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

    def build(self) -> None:
        """Checks that the parts fit, and makes an empty pool."""
        super().build()
        self.pair_pool = PairPool(self.pool, tuple(self.image), tuple(self.source)) if self.pool else None

    @property
    def wants(self) -> frozenset[str]:
        """Images."""
        return frozenset({"image"})

    def derive(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """`source`: a smaller copy without anything random, for sample grids and evaluations; `sharpened`:
        what the discriminator reads as real, if that is sharpened.
        """
        sharp = {"sharpened": self.sharpened(batch["image"])} if self.sharpened_adversarial else {}
        return {"source": smaller(batch["image"], self.scale), **sharp}

    def pipelines(self) -> dict[str, Pipeline]:
        """Enlarges source images with the averaged generator."""
        made = super().pipelines()["image"]
        return {"image": Pipeline(**made.parts, reads="source", makes="image")}  # type: ignore[arg-type]

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """As `recipe/paired`, of the images themselves, or sharpened."""
        real = "sharpened" if self.sharpened_adversarial else "image"
        return {name: attrs.evolve(probe, real=real) for name, probe in super().probes().items()}

    def real_batch(self, run: Run) -> RealBatch:
        """The next images, with sources that were made of them at random, or earlier pairs of the pool."""
        image, source = self.pooled(run, run.batch(run.share(self.batch_fraction))["image"])
        batch = self.pairs({"source": source, "target": image})
        if not self.sharpened_adversarial:
            return batch
        return batch._replace(image=self.sharpened(image), target=image)

    @torch.no_grad()
    def pooled(self, run: Run, image: Tensor) -> tuple[Tensor, Tensor]:
        """Images `(N, C, H, W)` and their sources `(N, C, H/scale, W/scale)`, the same however many processes
        share a batch.
        """
        seed = int(torch.randint(2**62, (), generator=run.rng))
        image = run.gather(image)
        with seeded(seed, image.device):
            source = self.degradation(self.sharpened(image))
        if self.pair_pool is not None:
            image, source = self.pair_pool.exchange(image, source, run.rng)
        return run.scatter(image), run.scatter(source)

    def distances(self, made: Tensor, target: Tensor) -> Terms:
        """The weighted distances, each from the target or from the sharpened target."""
        sharp = self.sharpened(target)
        return self.pixel_distance(made, sharp if self.sharpened_pixel else target) | (
            self.perceptual_distance(made, sharp if self.sharpened_perceptual else target)
        )

    @torch.no_grad()
    def sharpened(self, image: Tensor) -> Tensor:
        """Images `(N, C, H, W)`, sharpened unless the seat is empty."""
        return image if self.sharpening is None else self.sharpening(image)

    def _source_of(self, image: tuple[int, int, int]) -> tuple[int, int, int]:
        channels, height, width = image
        if height % self.scale or width % self.scale:
            raise FitError(
                f"{self.qualified_name} makes sources {self.scale} times smaller, but got images of "
                f"{height}×{width}; use sides that are multiples of {self.scale}"
            )
        return channels, height // self.scale, width // self.scale
