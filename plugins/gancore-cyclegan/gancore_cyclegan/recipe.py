"""The training recipe of CycleGAN."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor
from torch.nn.functional import l1_loss

from gancore.component.interfaces import (
    Constraint,
    Discriminator,
    Optimizer,
    Terms,
)
from gancore.component.part import Seat, Seats, field, part, seat
from gancore.component.validators import at_least, whole
from gancore.errors import FitError
from gancore.pipeline import check_fit
from gancore.recipes.base import Player, Run
from gancore.standard.conditioners import Identity
from gancore.standard.optimizers import Adam
from gancore.standard.schedules import Linear
from gancore_cyclegan.pool import ImagePool
from gancore_cyclegan.two_way import TwoWay

__all__ = ["CycleGAN"]

EPOCHS = 200

_SMALL: Mapping[str, Any] = {
    "to_target": {"part": "resnet", "width": 2, "blocks": 1},
    "to_source": {"part": "resnet", "width": 2, "blocks": 1},
    "target_discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "source_discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "pool": 3,
}


def _adam() -> Adam:
    return Adam(lr=2e-4, betas=(0.5, 0.999), schedule=Linear(constant=0.5))


@part("cyclegan")
class CycleGAN(TwoWay):
    """Two translators, source to target and back, learn from unpaired images to invert each other.

    Paper: Zhu et al. 2017, arXiv:1703.10593. One step is, in this order:

    1. a batch of source images and one of target images;
    2. one update of both translators (eq. 3, and the identity term of section 5.2);
    3. the translations of that update are exchanged with the pools (section 4);
    4. one update of both discriminators (eq. 1), on the batch and the images from the pools;
    5. an update of the averaged weights.

    Eq. 1 has the least squares of section 4; cycle consistency (eq. 2) has λ = 10, the identity term 0.5 λ;
    the pools hold 50 images, the batch size is 1, and Adam's learning rate 2e-4 is constant for 100 epochs,
    then decays to zero over the next 100. The paper's G and F are `to_target` and `to_source`, its D_Y and
    D_X `target_discriminator` and `source_discriminator`.

    Differences: the identity term, which the paper uses for paintings only, is on (0 turns it off); the
    learning rate decays with each batch, not each epoch; the weights may be averaged for sampling, which is
    off by default.

    Raises:
        FitError: translators and discriminators do not fit in shape, or the identity term is on and the two
            domains differ in shape.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        _SMALL,
        {**_SMALL, "identity": 0.0, "image": (1, 8, 8), "source": (3, 8, 8)},
    )

    constraints: Seats[Constraint] = seat(default=(), help="applied to both discriminators")
    generator_constraints: Seats[Constraint] = seat(default=(), help="applied to both translators")
    generator_optimizer: Seat[Optimizer] = seat(default=_adam, help="updates both translators")
    discriminator_optimizer: Seat[Optimizer] = seat(default=_adam, help="updates both discriminators")
    adversarial: float = field(
        default=2.0,
        validator=at_least(0),
        help="weight of the translators' adversarial terms; "
        "2 cancels the ½ in least-squares, which the discriminators keep",
    )
    cycle: float = field(
        default=10.0, validator=at_least(0), help="weight of cycle consistency, the paper's λ"
    )
    identity: float = field(
        default=0.5,
        validator=at_least(0),
        help="weight of the identity term, as a fraction of `cycle`; 0 for none",
    )
    pool: int = field(
        default=50,
        validator=whole(0),
        help="number of earlier translations of each domain kept for the discriminators; 0 for none",
    )

    def build(self) -> None:
        """Checks that the parts fit, starts the averages and makes empty pools."""
        self._check()
        super().build()
        self.target_pool = ImagePool(self.pool, tuple(self.image))
        self.source_pool = ImagePool(self.pool, tuple(self.source))

    def length(self, available: int) -> int:
        """The paper's 200 epochs."""
        return EPOCHS * available

    def players(self) -> dict[str, Player]:
        """Both translators, and both discriminators."""
        return {
            "generators": Player(
                [self.to_target, self.to_source],
                self.generator_optimizer,
                constraints=list(self.generator_constraints),
            ),
            "discriminators": Player(
                [self.target_discriminator, self.source_discriminator, self.loss, *self.regularizers],
                self.discriminator_optimizer,
                constraints=list(self.constraints),
            ),
        }

    def step(self, run: Run) -> None:
        """Updates both translators, then both discriminators, on images from the pools."""
        batch = run.batch()
        source, target = batch["source"], batch["target"]  # (N, *source), (N, C, H, W)
        made = run.update("generators", self.generator_terms, source, target)
        shown_target = run.scatter(self.target_pool.exchange(run.gather(made["fake_target"]), run.rng))
        shown_source = run.scatter(self.source_pool.exchange(run.gather(made["fake_source"]), run.rng))
        run.update(
            "discriminators",
            self.discriminator_terms,
            source,
            target,
            shown_source,
            shown_target,
            double_backward=bool(self.regularizers),
        )
        self.average.follow(images=run.images, batch=run.batch_size)

    def generator_terms(self, source: Tensor, target: Tensor) -> Terms:
        """The translators' terms of eq. 3 and section 5.2, and the generated images for the pools."""
        fake_target, fake_source = self.to_target(source), self.to_source(target)  # G(x), F(y)
        terms = {
            "adversarial_target": self.adversarial  # eq. 1 for G and D_Y
            * self._adversarial(self.target_discriminator, fake_target, target),
            "adversarial_source": self.adversarial  # eq. 1 for F and D_X
            * self._adversarial(self.source_discriminator, fake_source, source),
            "cycle_source": self.cycle * l1_loss(self.to_source(fake_target), source),  # eq. 2, F(G(x)) and x
            "cycle_target": self.cycle * l1_loss(self.to_target(fake_source), target),  # eq. 2, G(F(y)) and y
        }
        if self.identity:  # section 5.2
            weight = self.cycle * self.identity
            terms["identity_target"] = weight * l1_loss(self.to_target(target), target)
            terms["identity_source"] = weight * l1_loss(self.to_source(source), source)
        return terms | {"fake_target": fake_target.detach(), "fake_source": fake_source.detach()}

    def discriminator_terms(
        self, source: Tensor, target: Tensor, shown_source: Tensor, shown_target: Tensor
    ) -> Terms:
        """Eq. 1 for both domains, halved as in appendix 7.1 (the ½ is in `least-squares`), and penalties."""
        return self.both_judged(source, target, shown_source, shown_target)

    def _adversarial(self, discriminator: Discriminator, fake: Tensor, real: Tensor) -> Tensor:
        return self.loss.generator(discriminator(fake), discriminator(real) if self.loss.needs_real else None)

    def _check(self) -> None:
        used = "identity" in self.scheduled or self.identity
        if used and tuple(self.image) != tuple(self.source):
            raise FitError(
                f"{self.qualified_name}: the identity term compares translations with their input, "
                f"but the source is {tuple(self.source)} and the "
                f"target {tuple(self.image)}; set identity=0, or open both domains with the same shape"
            )
        for generator, reads in ((self.to_target, self.source), (self.to_source, self.image)):
            check_fit(None, Identity(code=tuple(reads)), generator)
        for generator, discriminator in (
            (self.to_target, self.target_discriminator),
            (self.to_source, self.source_discriminator),
        ):
            if tuple(generator.image) != tuple(discriminator.image):
                raise FitError(
                    f"{generator.qualified_name} makes images {generator.image}, "
                    f"but {discriminator.qualified_name} reads {discriminator.image}"
                )
