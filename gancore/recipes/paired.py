"""The adversarial recipe of translators that learn from pairs of images."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import Tensor

from gancore.component.distance import Distance
from gancore.component.interfaces import Average, Generator, ImageShape, Terms
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.scored import Scored
from gancore.component.validators import at_least
from gancore.errors import FitError
from gancore.pipeline import Pipeline, check_fit
from gancore.recipes.adversarial import AdversarialRecipe
from gancore.recipes.base import DiscriminatorProbe, Run
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.recipes.features import feature_shape
from gancore.standard.averages import NoAverage
from gancore.standard.conditioners import Identity
from gancore.standard.distances import L1

__all__ = ["PairedGAN"]


@part("paired")
class PairedGAN(AdversarialRecipe):
    """A translator learns from pairs of a source and a target image, by their distance and by a
    discriminator.

    Paper: Isola et al. 2016, arXiv:1611.07004, section 3, with every part left open. One step is that of the
    two-player GAN, on the same pairs for both players, where the generator minimizes

        adversarial × loss + pixel_weight × pixel(G(x), y) + perceptual_weight × perceptual(G(x), y)

    The discriminator reads the source and an image joined along the channels, source first (section 3.1), or
    with `reads_source=False` the image alone; the augmentation changes both together. Labels of `Scored` are
    the sources. Where `adversarial` is 0, as a schedule may have it, a step is one update of the generator by
    the two distances, and the discriminator is left as it is.

    Raises:
        FitError: the parts do not fit in shape; the discriminator reads the source, but the sizes of source
            and target differ; a part reads labels; nothing is minimized.
    """

    learns_pairs: ClassVar[bool] = True
    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "resnet", "width": 2, "blocks": 1},
            "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
            "batch": 2,
        },
    )

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the data")
    pixel: Seat[Distance] = seat(default=L1, help="distance of translations from their targets")
    perceptual: Seat[Distance | None] = seat(default=None, help="a second distance, as distance/perceptual")
    average: Seat[Average] = seat(default=NoAverage)
    adversarial: float = field(
        default=1.0, validator=at_least(0), help="weight of the generator's adversarial loss; 0 for none"
    )
    pixel_weight: float = field(default=100.0, validator=at_least(0), help="weight of `pixel`")
    perceptual_weight: float = field(default=1.0, validator=at_least(0), help="weight of `perceptual`")
    reads_source: bool = field(
        default=True, help="whether the discriminator reads the source beside the image"
    )

    @property
    def idle_at_first(self) -> frozenset[str]:  # type: ignore[override]
        """What only an adversarial step asks, while there is none."""
        idle = {"loss", "regularizers", "generator_regularizers", "auxiliaries", "augment"}
        return frozenset() if self.adversarial else frozenset(idle)

    def facts(self, seat: str) -> dict[str, Any]:
        """Images of both domains; what the discriminator reads may be both, joined."""
        known: dict[str, Any] = {"image": self.image, "source": self.source}
        if seat == "discriminator" and self.reads_source:
            known["image"] = self._joined()
        if seat == "auxiliaries":
            known |= {"features": feature_shape(self.discriminator), "latent": self.source}
        return known

    def build(self) -> None:
        """Checks that the parts fit together, and starts the average."""
        self._check()
        super().build()
        self.average.start(generator=self.generator)

    @property
    def wants(self) -> frozenset[str]:
        """Pairs of images."""
        return frozenset({"source", "target"})

    def pipelines(self) -> dict[str, Pipeline]:
        """Translates source images with the averaged generator."""
        generator = cast(Generator, self.average.of("generator"))
        return {"image": Pipeline(conditioner=Identity(code=tuple(self.source)), generator=generator)}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator, with the source beside its images if it reads it; none where it rests."""
        if not self.adversarial:
            return {}
        beside = "source" if self.reads_source else ""
        return {"discriminator": DiscriminatorProbe(self.discriminator, "target", "image", beside=beside)}

    def step(self, run: Run) -> None:
        """That of the two players, or one update of the generator by the distances alone."""
        if self.adversarial:
            super().step(run)
        else:
            self.distance_step(run)

    def distance_step(self, run: Run) -> None:
        """One update of the generator by the distances alone."""
        seen = run.images
        real = self.real_batch(run)
        latents = self.latent_batch(run, len(real.image), real)
        run.update("generator", self.distance_terms, latents, real)
        self.average.follow(images=run.images, batch=run.images - seen)

    def real_batch(self, run: Run) -> RealBatch:
        """The next pairs: targets, with their sources."""
        return self.pairs(run.batch(run.share(self.batch_fraction)))

    def pairs(self, batch: dict[str, Tensor]) -> RealBatch:
        """Targets and sources of a batch."""
        source = batch["source"]
        return RealBatch(batch["target"], source if self.reads_source else None, source)

    def latent_batch(self, run: Run, n: int, real: RealBatch) -> LatentBatch:
        """The first `n` sources of the batch."""
        assert real.source is not None
        source = real.source[:n]
        return LatentBatch(source, source if self.reads_source else None)

    def coded(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The source images themselves."""
        return latent

    def shown(self, image: Tensor, label: Tensor | None) -> Tensor:
        """Source and image joined, `(N, C' + C, H, W)`, or the image alone; augmented."""
        both = image if label is None else torch.cat([label.to(image.dtype), image], 1)
        return super().shown(both, None)

    def objectives(self, fake: Scored, real: Scored) -> Terms:
        """The weighted adversarial loss."""
        return {name: self.adversarial * term for name, term in super().objectives(fake, real).items()}

    def comparisons(self, fake: Scored, batch: RealBatch | None) -> Terms:
        """The distances of translations from their targets."""
        return self.distances(fake.image, batch.wanted) if batch else {}

    def distance_terms(self, latents: LatentBatch, batch: RealBatch) -> Terms:
        """The distances alone."""
        return self.distances(self.generator(latents.latent), batch.wanted)

    def distances(self, made: Tensor, target: Tensor) -> Terms:
        """The weighted distances of translations `(N, C, H, W)` from their targets."""
        return self.pixel_distance(made, target) | self.perceptual_distance(made, target)

    def pixel_distance(self, made: Tensor, target: Tensor) -> Terms:
        """The weighted distance `pixel`, or nothing where its weight is 0."""
        return {"pixel": self.pixel_weight * self.pixel(made, target).mean()} if self.pixel_weight else {}

    def perceptual_distance(self, made: Tensor, target: Tensor) -> Terms:
        """The weighted distance `perceptual`, or nothing where there is none or its weight is 0."""
        if self.perceptual is None or not self.perceptual_weight:
            return {}
        return {"perceptual": self.perceptual_weight * self.perceptual(made, target).mean()}

    def _joined(self) -> ImageShape:
        if self.image is None or self.source is None:
            return None  # not known yet
        return (self.source[0] + self.image[0], *self.image[1:])

    def _check(self) -> None:
        check_fit(None, Identity(code=tuple(self.source)), self.generator)
        if self.reads_source and tuple(self.source[1:]) != tuple(self.image[1:]):
            raise FitError(
                f"{self.discriminator.qualified_name} reads source and image joined, but the source is "
                f"{self.source[1]}×{self.source[2]} and the image {self.image[1]}×{self.image[2]}; set "
                "reads_source=false, or open both domains at one size"
            )
        shown = self._joined() if self.reads_source else tuple(self.image)
        if tuple(self.discriminator.image) != tuple(shown):
            raise FitError(
                f"{self.discriminator.qualified_name} reads {tuple(self.discriminator.image)}, but "
                f"{self.qualified_name} shows it {tuple(shown)}"
            )
        if self.conditional:
            raise FitError(
                f"{self.qualified_name} has no labels, but a part of it reads them; take another part"
            )
        weights = ["adversarial", "pixel_weight", *(["perceptual_weight"] if self.perceptual else [])]
        if not any(name in self.scheduled or getattr(self, name) for name in weights):
            raise FitError(f"{self.qualified_name} minimizes nothing: {', '.join(weights)} are all 0")
