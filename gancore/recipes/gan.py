"""The open two-player recipe."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from attrs.validators import ge
from torch import Tensor

from gancore.component.interfaces import (
    Augment,
    Average,
    Conditioner,
    Constraint,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    LabelSampler,
    Loss,
    Optimizer,
    Sampler,
    Terms,
)
from gancore.component.part import fact, field, part, seat
from gancore.component.scored import Scored
from gancore.errors import FitError
from gancore.nn.growing import Growing
from gancore.pipeline import Pipeline, check_fit
from gancore.recipes.base import DiscriminatorProbe, Player, Recipe, Verbs
from gancore.standard.augments import NoAugment
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Normal

Penalty = DiscriminatorRegularizer | GeneratorRegularizer


@part("two-player")
class TwoPlayerGAN(Recipe):
    """The two-player game with its parts left open.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1: `discriminator_steps` updates of the
    discriminator, each on a fresh batch and fresh latents, then one of the generator. What the paper has not:
    penalties, averaged weights, augmentation and labels, each a seat of its own. Penalties with `every` = 1
    are terms of the main update. Lazier ones, and those that look at a share of the batch, are updates of
    their own, and rescale the player's optimizer (Karras et al. 2019, arXiv:1912.04958, appendix B).
    """

    classes: int = fact(default=0, help="number of classes, 0 for none")
    generator: Generator = seat()
    discriminator: Discriminator = seat()
    sampler: Sampler = seat(default=Normal)
    labels: LabelSampler = seat(default=EmpiricalLabels)
    conditioner: Conditioner = seat(default=Identity)
    loss: Loss = seat(default=NonSaturating)
    regularizers: Sequence[DiscriminatorRegularizer] = seat(default=())
    generator_regularizers: Sequence[GeneratorRegularizer] = seat(default=())
    constraints: Sequence[Constraint] = seat(default=())
    augment: Augment = seat(default=NoAugment)
    average: Average = seat(default=ExponentialAverage)
    generator_optimizer: Optimizer = seat(default=Adam)
    discriminator_optimizer: Optimizer = seat(default=Adam)
    discriminator_steps: int = field(
        default=1, validator=ge(1), help="updates of the discriminator for each one of the generator"
    )
    batch: int = field(default=64, validator=ge(1), help="batch size, where the run is given none")

    def facts(self, seat: str) -> dict[str, Any]:
        """Image and classes come from the data, the code from the generator, the latent from the
        conditioner.
        """
        known: dict[str, Any] = {"image": self.image, "classes": self.classes}
        if seat == "conditioner":
            known["code"] = tuple(self.generator.code_shape)
        if seat == "sampler":
            known["latent"] = tuple(self.conditioner.latent_shape)
        return known

    def build(self) -> None:
        """Checks that the neighbors fit, and starts the averages."""
        check_fit(self.sampler, self.conditioner, self.generator)
        if tuple(self.generator.image) != tuple(self.discriminator.image):
            raise FitError(
                f"{self.generator.qualified_name} makes images {self.generator.image}, "
                f"{self.discriminator.qualified_name} reads {self.discriminator.image}"
            )
        self.check_grown()
        self.average.start(generator=self.generator, conditioner=self.conditioner)

    def check_grown(self) -> None:
        """Raises FitError where a network stopped growing half-way: nothing here would let it grow on."""
        for network in (self.generator, self.discriminator, self.conditioner):
            if isinstance(network, Growing) and float(network.stage) < network.doublings:
                raise FitError(
                    f"{network.qualified_name} has grown to {float(network.stage):g} of {network.doublings} "
                    f"doublings, and {self.qualified_name} "
                    "lets nothing grow; train it with a recipe that does, as recipe/growing"
                )

    @property
    def conditional(self) -> bool:
        """Whether a part reads labels."""
        return self.conditioner.conditional or self.discriminator.conditional

    @property
    def penalized(self) -> bool:
        """Whether the discriminator's main update holds a penalty, and so may differentiate twice."""
        return bool(eager(self.regularizers))

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels where a part reads them."""
        return frozenset({"image", "label"}) if self.conditional else frozenset({"image"})

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch

    def players(self) -> dict[str, Player]:
        """The generator (with its conditioner) and the discriminator, each with the parts whose state moves
        with it.
        """
        judging = [self.discriminator, *self.regularizers, self.augment]
        making = [self.conditioner, self.generator, *self.generator_regularizers]
        return {
            "discriminator": Player(
                judging, self.discriminator_optimizer, _rescale(self.regularizers), list(self.constraints)
            ),
            "generator": Player(making, self.generator_optimizer, _rescale(self.generator_regularizers)),
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """The averaged generator and conditioner."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=cast(Conditioner, self.average.of("conditioner")),
                generator=cast(Generator, self.average.of("generator")),
                labels=self.labels,
            )
        }

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator; one that reads labels is not asked."""
        return (
            {}
            if self.discriminator.conditional
            else {"discriminator": DiscriminatorProbe(self.discriminator, real="image", pipeline="image")}
        )

    def step(self, run: Verbs) -> None:
        """Algorithm 1: the discriminator's updates, then the generator's."""
        before = run.images
        for _ in range(self.discriminator_steps):
            real, label = self.real(run)
            seen = run.update(
                "discriminator",
                self.discriminator_terms,
                real,
                label,
                *self.draw(run, len(real)),
                double_backward=self.penalized,
            )
            run.log(**{f"discriminator/{name} scores": seen[name].mean() for name in ("real", "fake")})
            run.log(**{f"augment/{name}": value for name, value in self.augment.scalars().items()})
        for name, penalty in due(self.regularizers, run):
            terms = self.lazy_discriminator_terms(name, penalty)
            run.update(
                "discriminator",
                terms,
                real,
                label,
                *self.draw(run, len(real)),
                scale=penalty.every,
                double_backward=True,
            )
        double_backward = bool(eager(self.generator_regularizers))
        run.update(
            "generator",
            self.generator_terms,
            *self.draw(run, len(real)),
            *self.paired(real, label),
            double_backward=double_backward,
        )
        for name, penalty in due(self.generator_regularizers, run):
            rows = self.draw(run, max(1, round(len(real) * penalty.batch_fraction)))
            run.update(
                "generator",
                self.lazy_generator_terms(name, penalty),
                *rows,
                scale=penalty.every,
                double_backward=True,
            )
        self.average.follow(images=run.images, batch=run.images - before)

    def real(self, run: Verbs) -> tuple[Tensor, Tensor | None]:
        """The next batch: real images, with labels where a part reads them."""
        batch = run.batch()
        return batch["image"], batch.get("label")

    def draw(self, run: Verbs, n: int) -> tuple[Tensor, Tensor | None]:
        """`n` latents, with labels where a part reads them."""
        label = run.labels(self.labels, n) if self.conditional else None
        return run.draw(self.sampler, n, label), label

    def paired(self, real: Tensor, label: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        """The real images that a relativistic loss compares with; nothing for another loss."""
        return (real, label) if self.loss.needs_real else (None, None)

    def discriminator_terms(
        self, real: Tensor, label: Tensor | None, latent: Tensor, fake_label: Tensor | None
    ) -> Terms:
        """The discriminator's loss and its penalties that come in every step."""
        penalties = eager(self.regularizers)
        scored_real, scored_fake, score = self.scored(real, label, latent, fake_label, penalties.values())
        terms = {"adversarial": self.loss.discriminator(scored_real.scores, scored_fake.scores)}
        self.augment.observe(scored_real.scores)
        terms |= {name: penalty(score, scored_real, scored_fake) for name, penalty in penalties.items()}
        return terms | {"real": per_sample(scored_real.scores), "fake": per_sample(scored_fake.scores)}

    def lazy_discriminator_terms(self, name: str, penalty: DiscriminatorRegularizer) -> Callable[..., Terms]:
        """The one penalty, on a pass of its own."""

        def terms(real: Tensor, label: Tensor | None, latent: Tensor, fake_label: Tensor | None) -> Terms:
            scored_real, scored_fake, score = self.scored(real, label, latent, fake_label, [penalty])
            return {name: penalty(score, scored_real, scored_fake)}

        return terms

    def generator_terms(
        self, latent: Tensor, fake_label: Tensor | None, real: Tensor | None, label: Tensor | None
    ) -> Terms:
        """The generator's loss and its penalties that come in every step."""
        code = self.conditioner(latent, fake_label)
        fake = self.score(self.generator(code), fake_label)
        terms = {"adversarial": self.loss.generator(fake, None if real is None else self.score(real, label))}
        return terms | {
            name: penalty(self.generator, code)
            for name, penalty in eager(self.generator_regularizers).items()
        }

    def lazy_generator_terms(self, name: str, penalty: GeneratorRegularizer) -> Callable[..., Terms]:
        """The one penalty, on a pass of its own."""
        return lambda latent, label: {name: penalty(self.generator, self.conditioner(latent, label))}

    def score(self, image: Tensor, label: Tensor | None) -> Tensor:
        """The discriminator as the recipe uses it: augmented, with labels."""
        scores: Tensor = self.discriminator(self.augment(image), label)
        return scores

    def scored(
        self,
        real: Tensor,
        label: Tensor | None,
        latent: Tensor,
        fake_label: Tensor | None,
        penalties: Iterable[DiscriminatorRegularizer],
    ) -> tuple[Scored, Scored, Callable[[Tensor], Tensor]]:
        """Real and fake images with scores on demand, and the score as a function of images under the real
        labels.
        """
        gradient = any(penalty.gradient for penalty in penalties)
        return (
            Scored(lambda: real, lambda image: self.score(image, label), gradient=gradient),
            Scored(
                lambda: self.generator(self.conditioner(latent, fake_label)),
                lambda image: self.score(image, fake_label),
                gradient=gradient,
            ),
            lambda image: self.score(image, label),
        )


def named(penalties: Iterable[Penalty]) -> dict[str, Any]:
    """Penalties by name; a second one of the same name is `r1-2`."""
    names: dict[str, Any] = {}
    for penalty in penalties:
        count = sum(other.name == penalty.name for other in names.values())
        names[f"{penalty.name}-{count + 1}" if count else penalty.name] = penalty
    return names


def is_lazy(penalty: Penalty) -> bool:
    """Whether it has an update of its own: it comes not in every step, or looks at a share of the batch."""
    return penalty.every > 1 or getattr(penalty, "batch_fraction", 1.0) < 1


def eager(penalties: Iterable[Penalty]) -> dict[str, Any]:
    """The penalties that are terms of the main update."""
    return {name: penalty for name, penalty in named(penalties).items() if not is_lazy(penalty)}


def due(penalties: Iterable[Penalty], run: Verbs) -> Iterable[tuple[str, Any]]:
    """The penalties with an update of their own that comes in this step."""
    return [
        (name, penalty)
        for name, penalty in named(penalties).items()
        if is_lazy(penalty) and run.every(penalty.every)
    ]


def per_sample(scores: Tensor) -> Tensor:
    """One number a sample, `(N,)`, from scores of any shape."""
    return scores.detach().reshape(len(scores), -1).mean(1)


def _rescale(penalties: Iterable[Penalty]) -> float:
    """The share of main updates among all updates of a player: k / (k + 1) for one penalty in every k-th
    step.
    """
    return 1 / (1 + sum(1 / penalty.every for penalty in penalties if is_lazy(penalty)))
