"""The training recipe NoGAN."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import torch
from torch import nn

from gancore.component.distance import Distance
from gancore.component.interfaces import Discriminator, Generator, Loss, Optimizer
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import above, at_least, below, whole, within
from gancore.errors import FitError
from gancore.measure.frechet import Frechet
from gancore.measure.perceptual import Perceptual
from gancore.measure.score import Score
from gancore.pipeline import Pipeline, evaluating
from gancore.recipes.base import DiscriminatorProbe, Run
from gancore.recipes.batches import RealBatch
from gancore.recipes.paired import PairedGAN
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore.standard.translators import UNet
from gancore_nogan.discriminator import NoGANDiscriminator
from gancore_nogan.phases import ADVERSARIAL, Phases
from gancore_nogan.turning_point import TurningPoint, measured

__all__ = ["NoGAN"]

PLAYERS = ("generator", "discriminator")

SMALL = {
    "generator": {"part": "resnet", "width": 2, "blocks": 1},
    "discriminator": {"part": "patchgan", "width": 2, "layers": 1},
    "perceptual": {"extractor": {"part": "pixels", "size": 4}},
    "generator_share": 1 / 16,
    "discriminator_share": 1 / 16,
    "batch": 4,
}


def slow() -> Adam:
    """Of the generator: 2e-5 in the adversarial phase; β₁ = 0, β₂ = 0.9."""
    return Adam(lr=2e-4, betas=(0.0, 0.9))


def fast() -> Adam:
    """Of the discriminator: 1e-3, and five times the generator's 2e-5 in the adversarial phase."""
    return Adam(lr=1e-3, betas=(0.0, 0.9))


def frechet() -> Frechet:
    """The Fréchet distance of a few images."""
    return Frechet(allow_few=True)


@part("nogan")
class NoGAN(PairedGAN):
    """A translator learns alone, then the discriminator alone, and only then both play a short game, which
    ends at its turning point.

    Sources: Antic, DeOldify (https://github.com/jantic/DeOldify: "What is NoGAN?" in its README, and its
    notebooks, of which the defaults are those of the stable model); Antic, Howard & Manor 2019,
    "Decrappification, DeOldification, and Super Resolution" (fast.ai). A training has three phases:

    1. for the share `generator_share`, one update of the generator a step, by the two distances alone;
    2. for the share `discriminator_share`, one update of the discriminator a step, on targets and on the
       images of the generator, which is frozen and in eval mode;
    3. until the end, a step as that of recipe/paired, with learning rates `adversarial_lr` times as high.
       The generator is updated only after the discriminator's loss on the batch is below `threshold`. Each
       is in eval mode while the other is updated.

    In the first two phases learning rates fall by half a cosine to that factor; at the beginning of each
    phase optimizers start anew.

    The turning point: DeOldify saves its generator each 0.1% of the data, and looks for the last one before
    its images get worse. Here `checks` in the last phase, and one before its first step, compute the first
    value of `measure` on `check_images` held-out pairs (on pairs of the training, if none are held out). The
    pipeline holds the weights of the best check, and the training ends after `patience` checks without a
    better one. The log has the values as `held-out/NAME`, and the phase, 1 to 3, as `phase`.

    The weights of the loss are 1 for `pixel` and `perceptual`, and 2/3 for the adversarial loss, as 1 and 1.5
    in the released notebook; the discriminator reads the image alone. The threshold is the released 0.65 of
    the mean of two cross-entropies, here of their sum.

    Differences: one generator learns all of the first phase at one size, where the released training goes
    through three sizes, with a pretrained body and learning rates of its own for each, from 1e-3 down. The
    images of the second phase are made anew in each step, not once and saved. Shares: the released notebook
    sees about 81%, 18% and 1% of its images in the three phases, on ImageNet; on small data that leaves no
    time for the last, so that they are 80%, 15% and 5% here. Adam decays no weights, and has the last phase's
    β in all three. In the last phase both players are updated on one batch, not on one each.

    Raises:
        FitError: as recipe/paired; the shares leave nothing for the last phase; `adversarial` is 0.
        UserError: a phase never begins in a training of this length.
        MeasureError: there are too few held-out pairs for the measure.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        SMALL,
        {**SMALL, "checks": 0, "average": "exponential"},
    )

    generator: Seat[Generator] = seat(default=UNet)
    discriminator: Seat[Discriminator] = seat(default=NoGANDiscriminator)
    loss: Seat[Loss] = seat(default=NonSaturating)
    perceptual: Seat[Distance | None] = seat(default=Perceptual)
    measure: Seat[Score] = seat(default=frechet, help="whose first value says where the turning point is")
    generator_optimizer: Seat[Optimizer] = seat(default=slow)
    discriminator_optimizer: Seat[Optimizer] = seat(default=fast)
    batch: int = field(default=8, validator=whole(1), help="batch size, unless the run sets one")
    pixel_weight: float = field(default=1.0, validator=at_least(0), help="weight of `pixel`")
    adversarial: float = field(
        default=2 / 3, validator=at_least(0), help="weight of the adversarial loss in the last phase"
    )
    reads_source: bool = field(
        default=False, help="whether the discriminator reads the source beside the image"
    )
    generator_share: float = field(
        default=0.8,
        validator=[above(0), below(1)],
        help="share of the training in which the generator learns alone",
        scheduled=False,
    )
    discriminator_share: float = field(
        default=0.15,
        validator=[above(0), below(1)],
        help="share of the training in which the discriminator learns alone; the rest is adversarial",
        scheduled=False,
    )
    adversarial_lr: float = field(
        default=0.1,
        validator=[above(0), within(0, 1)],
        help="factor on the learning rates in the adversarial phase, to which they fall in the others",
    )
    threshold: float = field(
        default=1.3,
        validator=above(0),
        help="loss of the discriminator below which the generator is updated; inf: always",
    )
    checks: int = field(
        default=20, validator=whole(0), help="checks for the turning point in the adversarial phase; 0: none"
    )
    check_images: int = field(default=256, validator=whole(2), help="maximum number of pairs in a check")
    patience: int = field(
        default=6,
        validator=whole(0),
        help="checks without a better value after which the training ends; 0: it goes on",
    )

    @property
    def idle_at_first(self) -> frozenset[str]:  # type: ignore[override]
        """What only an adversarial step asks."""
        return frozenset({"loss", "regularizers", "generator_regularizers", "auxiliaries", "augment"})

    def build(self) -> None:
        """Checks the phases, and starts from no check."""
        super().build()
        if self.generator_share + self.discriminator_share >= 1:
            raise FitError(
                f"{self.qualified_name}: generator_share={self.generator_share:g} and "
                f"discriminator_share={self.discriminator_share:g} leave nothing for the adversarial phase, "
                "so it never begins; give shares whose sum is below 1"
            )
        if not self.adversarial and "adversarial" not in self.scheduled:
            raise FitError(
                f"{self.qualified_name}: adversarial is 0, so the discriminator would never be asked; give a "
                "weight above 0, or train the translator alone by recipe/paired"
            )
        self.phase = nn.Buffer(torch.zeros((), dtype=torch.int64))
        self.turning_point = TurningPoint()
        self.kept = ExponentialAverage(half_life=0.0)
        self.kept.start(generator=self.average.of("generator"))

    @property
    def done(self) -> str:
        """That the turning point has passed, and when it was."""
        if not self.turning_point.passed(self.patience):
            return ""
        return (
            f"held-out images were best after {int(self.turning_point.at):,}, and in {self.patience} checks "
            "since then never better; the pipeline has the weights of then"
        )

    def pipelines(self) -> dict[str, Pipeline]:
        """Translates with the averaged generator; after the first check, with the best so far."""
        if not self.turning_point.begun:
            return super().pipelines()
        generator = cast(Generator, self.kept.of("generator"))
        return {"image": Pipeline(conditioner=Identity(code=tuple(self.source)), generator=generator)}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator in the adversarial phase: before, there is no balance to watch."""
        return super().probes() if int(self.phase) == ADVERSARIAL else {}

    def step(self, run: Run) -> None:
        """That of the phase; in the last one, a check where one is due."""
        phases = Phases(run.total, self.generator_share, self.discriminator_share)
        phases.check(run.batch_size)
        before = run.images
        if before == 0 and self.checks:
            self.look(run)  # whether the measure can be computed, before hours have passed
        phase = self.enter(run, phases)
        (self.distance_step, self.discriminator_step, self.adversarial_step)[phase](run)
        run.log(phase=phase + 1.0)
        if phase == ADVERSARIAL and phases.due(self.checks, before, run.images):
            self.keep(run)

    def enter(self, run: Run, phases: Phases) -> int:
        """The phase of this step, with its learning rates. One that has begun is not left for an earlier one,
        also where a training is made longer.
        """
        phase = max(int(self.phase), phases.at(run.images))
        if phase > int(self.phase):
            self.phase.fill_(phase)
            for player in PLAYERS:
                run.restart(player)
            if phase == ADVERSARIAL and self.checks:
                self.keep(run)
        for player in PLAYERS:
            run.scale_lr(player, self.rate(phase, phases.passed(phase, run.images)))
        return phase

    def rate(self, phase: int, passed: float) -> float:
        """The factor on the learning rates after this share of a phase."""
        if phase == ADVERSARIAL:
            return self.adversarial_lr
        return self.adversarial_lr + (1 - self.adversarial_lr) * (1 + math.cos(math.pi * passed)) / 2

    def discriminator_step(self, run: Run) -> None:
        """The discriminator's updates, on images of the generator, which stays as it is."""
        self.discriminate(run)

    def adversarial_step(self, run: Run) -> None:
        """The updates of both players."""
        seen = run.images
        real, loss = self.discriminate(run)
        waits = loss >= self.threshold
        if not waits:
            with evaluating(self.discriminator):
                self.update_generator(run, real)
                self.regularize_generator(run, real)
        run.log(**{"generator/waits": float(waits)})
        self.average.follow(images=run.images, batch=run.images - seen)

    def discriminate(self, run: Run) -> tuple[RealBatch, float]:
        """The discriminator's updates; the last batch, and the loss on it."""
        for _ in range(self.discriminator_steps):
            real = self.real_batch(run)
            with evaluating(self.generator):
                found = self.update_discriminator(run, real)
        with evaluating(self.generator):
            self.regularize_discriminator(run, real)
        return real, float(found["adversarial"])

    def keep(self, run: Run) -> None:
        """One check; the weights are kept if it is the best so far."""
        if self.turning_point.note(self.look(run), run.images):
            self.kept.follow(images=run.images, batch=0)
        run.log(**{"held-out/best at": self.turning_point.at})

    def look(self, run: Run) -> float:
        """The measure on held-out pairs, lower for better images, the same on every rank."""
        rows = run.held_out(self.check_images)
        source, target = rows["source"], rows["target"]
        made = torch.cat(list(super().pipelines()["image"].apply(source, seed=0))).to(target.device)
        name, value = measured(self.measure, run.gather(made), run.gather(target))
        run.log(**{f"held-out/{name}": value.value})
        worse = target.new_tensor([value.value if value.better == "lower" else -value.value])
        return float(run.gather(worse)[0])
