"""The adversarial game of a generator and a discriminator, wherever the generator's codes come from."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gancore.component.fields import ScheduledInt
from gancore.component.interfaces import (
    Augment,
    Auxiliary,
    Average,
    Constraint,
    Discriminator,
    DiscriminatorRegularizer,
    Generator,
    GeneratorRegularizer,
    Loss,
    Optimizer,
    Terms,
)
from gancore.component.part import Seat, Seats, field, interface, seat
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import above, whole, within
from gancore.errors import FitError
from gancore.recipes.base import Player, Recipe, Run
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.recipes.penalties import check_eager, combined, due, eager, named, rescale
from gancore.standard.augments import NoAugment
from gancore.standard.averages import ExponentialAverage
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam


@interface("recipe")
class AdversarialRecipe(Recipe):
    """A generator and a discriminator play against each other; a subclass says what the generator reads.

    `real_batch` gives images, `latent_batch` what is generated beside them, and `coded` its codes. One step
    is, in this order:

    1. `discriminator_steps` times: a new batch, new latents, one update of the discriminator;
    2. one update of the discriminator for each lazy penalty that is due, on the last of these batches;
    3. one update of the generator, on new latents;
    4. one update of the generator for each lazy penalty that is due;
    5. an update of the averaged weights.

    A penalty with `every` = 1 is a term of the main update. A lazy one, or one computed on a fraction of the
    batch, is a separate update, and rescales the player's optimizer (Karras et al. 2019, arXiv:1912.04958,
    appendix B).
    """

    generator: Seat[Generator] = seat()
    discriminator: Seat[Discriminator] = seat()
    loss: Seat[Loss] = seat(default=NonSaturating)
    regularizers: Seats[DiscriminatorRegularizer] = seat(default=())
    generator_regularizers: Seats[GeneratorRegularizer] = seat(default=())
    auxiliaries: Seats[Auxiliary] = seat(default=())
    constraints: Seats[Constraint] = seat(default=())
    generator_constraints: Seats[Constraint] = seat(default=())
    augment: Seat[Augment] = seat(default=NoAugment)
    average: Seat[Average] = seat(default=ExponentialAverage)
    generator_optimizer: Seat[Optimizer] = seat(default=Adam)
    discriminator_optimizer: Seat[Optimizer] = seat(default=Adam)
    discriminator_steps: ScheduledInt = field(
        default=1,
        validator=whole(1),
        help="updates of the discriminator for each one of the generator",
        scheduled=True,
    )
    batch: int = field(default=64, validator=whole(1), help="batch size, where the run is given none")
    batch_fraction: float = field(
        default=1.0,
        validator=[above(0), within(0, 1)],
        help="fraction of the batch that a step takes, in (0, 1]; with a schedule, batch warm-up",
    )

    def build(self) -> None:
        """Checks that the penalties fit the discriminator."""
        for penalty in self.regularizers:
            penalty.check_discriminator(self.discriminator)
        if "discriminator_steps" in self.scheduled:
            check_eager(self.regularizers, "discriminator_steps follows a schedule")

    @abstractmethod
    def real_batch(self, run: Run) -> RealBatch:
        """The next images of the data, with labels if any part reads them."""

    @abstractmethod
    def latent_batch(self, run: Run, n: int, real: RealBatch) -> LatentBatch:
        """What `n` images are generated from, beside these real ones."""

    @abstractmethod
    def coded(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The generator's codes of latents `(N, *latent)`."""

    @property
    def penalties(self) -> Sequence[DiscriminatorRegularizer | GeneratorRegularizer | Auxiliary]:
        """The parts that add a term to an update."""
        return (*self.regularizers, *self.generator_regularizers, *self.auxiliaries)

    @property
    def conditional(self) -> bool:
        """Whether any part reads labels."""
        parts = (self.discriminator, self.loss, *self.penalties)
        return any(getattr(part, "conditional", False) for part in parts)

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch

    def players(self) -> dict[str, Player]:
        """The discriminator and the generator, each with the parts updated with it. Weights of the loss are
        trained by the discriminator's terms.
        """
        discriminating = [self.discriminator, *self.regularizers, self.augment, self.loss, *self.auxiliaries]
        return {
            "discriminator": Player(
                discriminating,
                self.discriminator_optimizer,
                rescale(self.regularizers, self.discriminator_steps),
                list(self.constraints),
            ),
            "generator": Player(
                [self.generator, *self.generator_regularizers],
                self.generator_optimizer,
                rescale(self.generator_regularizers),
                list(self.generator_constraints),
            ),
        }

    def step(self, run: Run) -> None:
        """The discriminator's updates, then the generator's."""
        seen = run.images
        for _ in range(self.discriminator_steps):
            real = self.real_batch(run)
            self.update_discriminator(run, real)
        self.regularize_discriminator(run, real)
        self.update_generator(run, real)
        self.regularize_generator(run, real)
        self.average.follow(images=run.images, batch=run.images - seen)

    def update_discriminator(self, run: Run, real: RealBatch, latents: LatentBatch | None = None) -> Terms:
        """One update by the loss and the penalties of every step, on new latents or on these; its terms and
        scores.
        """
        found = run.update(
            "discriminator",
            self.discriminator_terms,
            real,
            self.latent_batch(run, len(real.image), real) if latents is None else latents,
            double_backward=self.differentiates_twice(self.regularizers),
        )
        run.log(**{f"discriminator/{name} scores": found[name].mean() for name in ("real", "fake")})
        run.log(**{f"augment/{name}": value for name, value in self.augment.scalars().items()})
        return found

    def differentiates_twice(
        self, penalties: Sequence[DiscriminatorRegularizer | GeneratorRegularizer]
    ) -> bool:
        """Whether a main update with these penalties may contain the gradient of a gradient."""
        return self.discriminator.differentiates or bool(eager(penalties))

    def regularize_discriminator(self, run: Run, real: RealBatch) -> None:
        """One update for each lazy penalty that is due, on new latents (arXiv:1912.04958, appendix B)."""
        for name, penalty in due(self.regularizers, run):
            run.update(
                "discriminator",
                partial(self.discriminator_penalty, name, penalty),
                real,
                self.latent_batch(run, len(real.image), real),
                scale=penalty.every,
                double_backward=True,
            )

    def update_generator(self, run: Run, real: RealBatch) -> Terms:
        """One update by the loss, the penalties of every step and the auxiliary objectives; its terms."""
        return run.update(
            "generator",
            self.generator_terms,
            self.latent_batch(run, len(real.image), real),
            real,
            double_backward=self.differentiates_twice(self.generator_regularizers),
        )

    def regularize_generator(self, run: Run, real: RealBatch) -> None:
        """One update for each lazy penalty that is due, on new latents for its fraction of the batch."""
        for name, penalty in due(self.generator_regularizers, run):
            n = max(1, round(len(real.image) * penalty.batch_fraction))
            run.update(
                "generator",
                partial(self.generator_penalty, name, penalty),
                self.latent_batch(run, n, real),
                real.first(n),
                scale=penalty.every,
                double_backward=True,
            )

    def discriminator_terms(self, batch: RealBatch, latents: LatentBatch) -> Terms:
        """The discriminator's loss, the penalties of every step and the auxiliary objectives; scores are
        returned by row.
        """
        penalties = eager(self.regularizers)
        real, fake = self.judged(batch, latents, [*penalties.values(), *self.auxiliaries])
        terms = {"adversarial": self.loss.discriminator(real.scores, fake.scores)}
        self.augment.observe(real.scores)
        terms |= {name: penalty(real.score, real, fake) for name, penalty in penalties.items()}
        shared = {name: part.discriminator(real, fake) for name, part in named(self.auxiliaries).items()}
        scores = {"real": per_sample(real.scores), "fake": per_sample(fake.scores)}
        return combined(terms, shared) | scores

    def discriminator_penalty(
        self, name: str, penalty: DiscriminatorRegularizer, batch: RealBatch, latents: LatentBatch
    ) -> Terms:
        """One penalty, on its own forward passes."""
        real, fake = self.judged(batch, latents, [penalty])
        terms = {name: penalty(real.score, real, fake)}
        if real.known:  # the penalty has scored the real images
            self.augment.observe_again(real.scores)
        return terms

    def generator_terms(self, latents: LatentBatch, batch: RealBatch | None = None) -> Terms:
        """The generator's loss, the penalties of every step and the auxiliary objectives.

        Real images are scored only for a loss that compares with them.
        """
        penalties = eager(self.generator_regularizers)
        real, fake = self.scored(batch, latents, [*penalties.values(), *self.auxiliaries])
        terms = self.objectives(fake, real) | self.comparisons(fake, batch)
        terms |= {name: penalty(self.generator, fake, real) for name, penalty in penalties.items()}
        shared = {name: part.generator(fake, real) for name, part in named(self.auxiliaries).items()}
        return combined(terms, shared)

    def objectives(self, fake: Scored, real: Scored) -> Terms:
        """The generator's loss."""
        scores = real.scores if self.loss.needs_real else None
        return {"adversarial": self.loss.generator(fake.scores, scores)}

    def comparisons(self, fake: Scored, batch: RealBatch | None) -> Terms:
        """What the generator minimizes by the rows of the batch, beside its loss: nothing, unless a recipe
        has it.
        """
        return {}

    def generator_penalty(
        self,
        name: str,
        penalty: GeneratorRegularizer,
        latents: LatentBatch,
        batch: RealBatch | None = None,
    ) -> Terms:
        """One penalty, on its own forward pass."""
        real, fake = self.scored(batch, latents, [penalty])
        return {name: penalty(self.generator, fake, real)}

    def shown(self, image: Tensor, label: Tensor | None) -> Tensor:
        """What the discriminator reads of images: augmented."""
        augmented: Tensor = self.augment(image)
        return augmented

    def score(self, image: Tensor, label: Tensor | None) -> Tensor:
        """The discriminator as the recipe uses it: augmented, with labels."""
        scores: Tensor = self.discriminator(self.shown(image, label), label)
        return scores

    def features(self, image: Tensor, label: Tensor | None) -> Tensor:
        """The discriminator's features of the augmented images."""
        return self.discriminator.forward_features(self.shown(image, label))

    def maps(self, image: Tensor, label: Tensor | None) -> list[Tensor]:
        """The maps of the discriminator's layers for the augmented images."""
        return self.discriminator.maps(self.shown(image, label))

    def head(self, features: Tensor, label: Tensor | None) -> Tensor:
        """The scores of images whose features are known, as `score` gives them."""
        return at_least_float32(self.discriminator.forward_head(features, label))

    @property
    def shares_features(self) -> bool:
        """Whether scores can be made from features; not where a recipe or a discriminator has a way of its
        own to score, as gradient normalization, whose features then take a pass of their own.
        """
        plain = type(self.discriminator).forward is Discriminator.forward
        return plain and type(self).score is AdversarialRecipe.score

    def scored(
        self,
        batch: RealBatch | None,
        latents: LatentBatch,
        penalties: Sequence[DiscriminatorRegularizer | GeneratorRegularizer | Auxiliary],
    ) -> tuple[Scored, Scored]:
        """Real and generated images for these penalties, each scored with its own labels on first use."""
        needs = self.needs(penalties)
        label = batch.label if batch else None

        def generate(latent: Tensor) -> Tensor:
            image: Tensor = self.generator(self.coded(latent, latents.label))
            return image

        made = latents.image
        real = self.record(partial(_images, batch), label, **needs)
        fake = self.record(
            self.generator if made is None else lambda code: made,
            latents.label,
            **needs,
            latent=latents.latent,
            code=lambda: self.coded(latents.latent, latents.label),
            generate=generate,
        )
        return real, fake

    def judged(
        self,
        batch: RealBatch,
        latents: LatentBatch,
        penalties: Sequence[DiscriminatorRegularizer | Auxiliary],
    ) -> tuple[Scored, Scored]:
        """The same as the discriminator sees them: of the real images, the augmentation may have replaced
        some by generated ones of the same rows, with their labels.
        """
        real, fake = self.scored(batch, latents, penalties)
        if not self.augment.replaces:
            return real, fake
        which, label = self.augment.replaced(batch.image), batch.label
        if label is not None and latents.label is not None:
            label = _rows(which, latents.label, label)
        mixed = self.record(lambda: _mixed(which, fake, batch.image), label, **self.needs(penalties))
        return mixed, fake

    def needs(
        self, penalties: Sequence[DiscriminatorRegularizer | GeneratorRegularizer | Auxiliary]
    ) -> dict[str, bool]:
        """Whether images need gradients for these penalties, and scores share a pass with features."""
        return {
            "gradient": any(getattr(penalty, "gradient", False) for penalty in penalties),
            "shared": self.shares_features and any(penalty.reads_features for penalty in penalties),
        }

    def record(
        self, image: Callable[..., Tensor], label: Tensor | None, *, shared: bool, **made_from: Any
    ) -> Scored:
        """Images with one label each, as penalties see them."""
        return Scored(
            image,
            lambda image, label=label: self.score(image, label),
            label=label,
            features_of=lambda image: self.features(image, label),
            maps_of=lambda image: self.maps(image, label),
            head=(lambda features: self.head(features, label)) if shared else None,
            discriminator=self.discriminator,
            **made_from,
        )


def per_sample(scores: Tensor) -> Tensor:
    """The mean score of each sample, `(N,)`, from scores of any shape."""
    return scores.detach().reshape(len(scores), -1).mean(1)


def _rows(which: Tensor, some: Tensor, others: Tensor) -> Tensor:
    return torch.where(which.reshape(-1, *[1] * (others.dim() - 1)), some, others)


def _mixed(which: Tensor, fake: Scored, image: Tensor) -> Tensor:
    return _rows(which, fake.image.detach().to(image.dtype), image) if which.any() else image


def _images(batch: RealBatch | None) -> Tensor:
    if batch is None:
        raise FitError("the generator's terms compare with real images, but got none; pass a batch of them")
    return batch.image
