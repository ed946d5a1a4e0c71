"""The training recipe of CUT."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import (
    Average,
    Discriminator,
    Generator,
    Optimizer,
    Terms,
)
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import at_least, whole, within
from gancore.errors import FitError
from gancore.pipeline import Pipeline, check_fit
from gancore.recipes.base import DiscriminatorProbe, Player, Run
from gancore.standard.averages import NoAverage
from gancore.standard.conditioners import Identity
from gancore.standard.optimizers import Adam
from gancore.standard.patchgan import AntialiasedPatchGAN
from gancore.standard.schedules import Linear
from gancore.standard.translators import AntialiasedResNet
from gancore_cyclegan.contrast import Contrast, PatchNCE, map_channels
from gancore_cyclegan.unpaired import Unpaired

__all__ = ["CUT"]


def _adam() -> Adam:
    return Adam(lr=2e-4, betas=(0.5, 0.999), schedule=Linear(constant=0.5))


@part("cut")
class CUT(Unpaired):
    """One translator learns from unpaired images: a discriminator says what target images look like, and each
    place of a translation shall tell which place of its source it was made of.

    Paper: Park et al. 2020 (CUT), arXiv:2007.15651. One step is, in this order, as in the published code:

    1. a batch of source images and one of target images;
    2. one update of the discriminator, on these target images and on translations;
    3. one update of the translator and of the layers of the contrast: the adversarial term, λ_X times the
       contrast of translations with their sources, and λ_Y times that of target images, which the translator
       shall leave as they are, with themselves;
    4. an update of the averaged weights.

    λ_X is `contrastive` and λ_Y `identity`, both 1. The maps are those of the translator itself. Least
    squares, Adam at 2e-4 as in the published code (the paper: 2e-3) with β₁ = 0.5, batch size 1, no pool of
    earlier translations; 400 epochs, in the second half of which the learning rate goes to zero. FastCUT, the
    preset `fastcut`, has λ_X = 10, λ_Y = 0 and `flips`: images are mirrored before the translation and their
    maps mirrored back, so that the translator learns to treat both alike. The networks are those of that
    code, which blur maps before they are halved and after they are doubled, and all weights start as there.

    Differences: the published code halves the sum of both contrasts if there are two; with larger batches
    each image is mirrored by itself.

    Raises:
        FitError: the domains differ in shape, or the parts do not fit.
        UserError: the translator gives no maps.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "resnet", "width": 2, "blocks": 1},
            "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
            "contrast": {"part": "patch-nce", "width": 4, "patches": 8},
            "flips": 0.5,
        },
    )

    generator: Seat[Generator] = seat(
        default=AntialiasedResNet, help="translates source images into target images"
    )
    discriminator: Seat[Discriminator] = seat(
        default=AntialiasedPatchGAN, help="distinguishes target images from translations"
    )
    contrast: Seat[Contrast] = seat(default=PatchNCE, help="compares translations with their sources")
    average: Seat[Average] = seat(default=NoAverage)
    generator_optimizer: Seat[Optimizer] = seat(
        default=_adam, help="updates the translator and the layers of the contrast"
    )
    discriminator_optimizer: Seat[Optimizer] = seat(default=_adam)
    adversarial: float = field(
        default=2.0,
        validator=at_least(0),
        help="weight of the translator's adversarial term; "
        "2 cancels the ½ in least-squares, which the discriminator keeps",
    )
    contrastive: float = field(
        default=1.0, validator=at_least(0), help="weight of the contrast with the source, the paper's λ_X"
    )
    identity: float = field(
        default=1.0,
        validator=at_least(0),
        help="weight of the contrast of target images with themselves, the paper's λ_Y; 0 for none",
    )
    flips: float = field(
        default=0.0, validator=within(0, 1), help="probability that an image is translated mirrored"
    )
    epochs: int = field(
        default=400, validator=whole(1), help="passes over the images, unless the run sets one"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """The shapes of images, and for the contrast the channels of the translator's maps."""
        if seat == "contrast":
            return {"channels": map_channels(self.generator)}
        return {"image": self.image, "source": self.source}

    def build(self) -> None:
        """Checks that the parts fit and starts the average."""
        if tuple(self.image) != tuple(self.source):
            raise FitError(
                f"{self.qualified_name} compares translations with their sources in the maps of one network, "
                f"but the source is {tuple(self.source)} and the target {tuple(self.image)}; open both "
                "domains with the same size and channels"
            )
        self.check_penalties(self.discriminator)
        check_fit(None, Identity(code=tuple(self.source)), self.generator)
        self.average.start(generator=self.generator)

    def length(self, available: int) -> int:
        """The epochs."""
        return self.epochs * available

    def players(self) -> dict[str, Player]:
        """The discriminator, and the translator with the layers of the contrast."""
        return {
            "discriminator": Player(
                [self.discriminator, self.loss, *self.regularizers], self.discriminator_optimizer
            ),
            "generator": Player([self.generator, self.contrast], self.generator_optimizer),
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """`forward` translates source images."""
        generator = self.average.of("generator")
        assert isinstance(generator, Generator)
        conditioner = Identity(code=tuple(generator.code_shape))
        return {"forward": Pipeline(conditioner=conditioner, generator=generator, reads="source")}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator."""
        return {"discriminator": DiscriminatorProbe(self.discriminator, real="target", pipeline="forward")}

    def step(self, run: Run) -> None:
        """Updates the discriminator, then the translator."""
        batch = run.batch()
        source, target = batch["source"], batch["target"]  # (N, C, H, W)
        flips = (
            run.scatter(torch.rand(run.batch_size, generator=run.rng)).to(source.device) < self.flips
        )  # (N,)
        run.update(
            "discriminator",
            self.discriminator_terms,
            source,
            target,
            flips,
            double_backward=bool(self.regularizers),
        )
        run.update("generator", self.generator_terms, source, target, flips)
        self.average.follow(images=run.images, batch=run.batch_size)

    def discriminator_terms(self, source: Tensor, target: Tensor, flips: Tensor) -> Terms:
        """The discriminator's loss on target images and translations, whose ½ is in `least-squares`, and
        penalties.
        """
        with torch.no_grad():
            fake = self.generator(mirrored(source, flips))
        return self.judged("adversarial", self.discriminator, target, fake)

    def generator_terms(self, source: Tensor, target: Tensor, flips: Tensor) -> Terms:
        """The adversarial term, λ_X L(X) and λ_Y L(Y)."""
        fake = self.generator(mirrored(source, flips))
        real = self.discriminator(target) if self.loss.needs_real else None
        terms = {
            "adversarial": self.adversarial * self.loss.generator(self.discriminator(fake), real),
            "contrastive": self.contrastive * self.contrasted(fake, source, flips),
        }
        if self.identity:
            same = self.generator(mirrored(target, flips))
            terms["identity"] = self.identity * self.contrasted(same, target, flips)
        return terms

    def contrasted(self, made: Tensor, image: Tensor, flips: Tensor) -> Tensor:
        """The contrast of what was made of an image `(N, C, H, W)` with it, in the translator's maps."""
        queries = [mirrored(one, flips) for one in self.generator.maps(made)]
        with torch.no_grad():
            keys = self.generator.maps(image)
        loss: Tensor = self.contrast(queries, keys)
        return loss


def mirrored(image: Tensor, flips: Tensor) -> Tensor:
    """Images or maps `(N, C, H, W)`, mirrored left to right where `flips` `(N,)` says so."""
    return torch.where(flips[:, None, None, None], image.flip(3), image)
