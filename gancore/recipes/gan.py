"""The two-player recipe, with every part left open."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor

from gancore.component.fields import ScheduledInt
from gancore.component.interfaces import (
    Augment,
    Auxiliary,
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
    Referring,
    Sampler,
    Shape,
    Terms,
)
from gancore.component.part import Seat, Seats, fact, field, part, seat
from gancore.component.precision import at_least_float32
from gancore.component.scored import Scored
from gancore.component.validators import above, whole, within
from gancore.errors import FitError
from gancore.nn.growing import Growing
from gancore.pipeline import Pipeline, check_fit, evaluating
from gancore.recipes.base import DiscriminatorProbe, Player, Recipe, Run
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.recipes.features import feature_shape
from gancore.recipes.penalties import check_eager, combined, due, eager, named, rescale
from gancore.standard.augments import NoAugment
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Normal


@part("two-player")
class TwoPlayerGAN(Recipe):
    """The two-player GAN with every part left open.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1. One step is, in this order:

    1. `discriminator_steps` times: a new batch, new latents, one update of the discriminator;
    2. one update of the discriminator for each lazy penalty that is due, on the last of these batches;
    3. one update of the generator, on new latents;
    4. one update of the generator for each lazy penalty that is due;
    5. an update of the averaged weights.

    Penalties, auxiliary objectives, averaged weights, augmentation and labels are additions to the paper;
    each has its own seat. A penalty with `every` = 1 is a term of the main update. A lazy one, or one
    computed on a fraction of the batch, is a separate update, and rescales the player's optimizer (Karras et
    al. 2019, arXiv:1912.04958, appendix B).
    """

    classes: int = fact(default=0, help="number of classes, 0 for none")
    label_shape: Shape = fact(
        default=(), help="shape of one label: () for a class, (K,) for a row of numbers"
    )
    generator: Seat[Generator] = seat()
    discriminator: Seat[Discriminator] = seat()
    sampler: Seat[Sampler] = seat(default=Normal)
    labels: Seat[LabelSampler] = seat(default=EmpiricalLabels)
    conditioner: Seat[Conditioner] = seat(default=Identity)
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
    pair_labels: bool = field(
        default=False,
        help="give generated images the labels of the real batch, "
        "as is always done for a loss that compares the two",
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """Image and classes come from the data, code from the generator, latent from the conditioner."""
        known: dict[str, Any] = {
            "image": self.image,
            "classes": self.classes,
            "label_shape": self.label_shape,
        }
        if seat == "conditioner":
            known["code"] = tuple(self.generator.code_shape)
        if seat == "sampler":
            known["latent"] = tuple(self.conditioner.latent_shape)
            known["codebook_size"] = self.conditioner.codebook_size
        if seat == "auxiliaries":
            known["features"] = feature_shape(self.discriminator)
            known["latent"] = tuple(self.conditioner.latent_shape)
            known["latent_codes"] = getattr(self.sampler, "latent_codes", None)
        return known

    def build(self) -> None:
        """Checks that the parts fit together, and starts the averages."""
        check_fit(self.sampler, self.conditioner, self.generator)
        if tuple(self.generator.image) != tuple(self.discriminator.image):
            raise FitError(
                f"{self.generator.qualified_name} makes images {self.generator.image}, "
                f"{self.discriminator.qualified_name} reads {self.discriminator.image}"
            )
        self.check_grown()
        for penalty in self.regularizers:
            penalty.check_discriminator(self.discriminator)
        if "discriminator_steps" in self.scheduled:
            check_eager(self.regularizers, "discriminator_steps follows a schedule")
        if isinstance(self.generator, Referring):
            self.generator.refer_to(self.reference_codes(self.generator.reference_size))
        self.average.start(generator=self.generator, conditioner=self.conditioner)

    @torch.no_grad()
    def reference_codes(self, n: int) -> Tensor:
        """Codes of `n` latents, and of labels if any part reads them, that follow from the seed."""
        rng = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
        with evaluating(self.sampler, self.labels, self.conditioner):
            label = self.labels(n, rng=rng) if self.conditional else None
            code: Tensor = self.conditioner(self.sampler(n, label, rng=rng), label)
        return code

    def check_grown(self) -> None:
        """Raises FitError if a network is only partly grown: this recipe would not grow it further."""
        for network in (self.generator, self.discriminator, self.conditioner):
            if isinstance(network, Growing) and float(network.stage) < network.doublings:
                raise FitError(
                    f"{network.qualified_name} has grown to {float(network.stage):g} of {network.doublings} "
                    f"doublings, but {self.qualified_name} "
                    "does not grow networks; train it with a recipe that does, such as recipe/growing"
                )

    @property
    def conditional(self) -> bool:
        """Whether any part reads labels."""
        penalties = (*self.regularizers, *self.generator_regularizers, *self.auxiliaries)
        parts = (self.sampler, self.conditioner, self.discriminator, self.loss, *penalties)
        return any(getattr(part, "conditional", False) for part in parts)

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels if any part reads them."""
        return frozenset({"image", "label"}) if self.conditional else frozenset({"image"})

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch

    def players(self) -> dict[str, Player]:
        """The discriminator and the generator (with its conditioner), each with the parts updated with it.

        Weights of the loss are trained by the discriminator's terms. Sampler and label sampler draw outside
        of the updates, so their weights cannot be trained here, but their state follows the generator.
        """
        discriminating = [self.discriminator, *self.regularizers, self.augment, self.loss, *self.auxiliaries]
        generating = [self.conditioner, self.generator, *self.generator_regularizers]
        return {
            "discriminator": Player(
                discriminating,
                self.discriminator_optimizer,
                rescale(self.regularizers, self.discriminator_steps),
                list(self.constraints),
            ),
            "generator": Player(
                generating,
                self.generator_optimizer,
                rescale(self.generator_regularizers),
                list(self.generator_constraints),
                followers=[self.sampler, self.labels],
            ),
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
        """The discriminator, with the labels of its images if it reads labels."""
        label = "label" if self.discriminator.conditional else ""
        return {"discriminator": DiscriminatorProbe(self.discriminator, "image", "image", label=label)}

    def step(self, run: Run) -> None:
        """Algorithm 1: the discriminator's updates, then the generator's."""
        seen = run.images
        for _ in range(self.discriminator_steps):
            real = self.real_batch(run)
            self.update_discriminator(run, real)
        self.regularize_discriminator(run, real)
        self.update_generator(run, real)
        self.regularize_generator(run, real)
        self.average.follow(images=run.images, batch=run.images - seen)

    def real_batch(self, run: Run) -> RealBatch:
        """The next images of the data, with labels if any part reads them."""
        batch = run.batch(run.share(self.batch_fraction))
        return RealBatch(batch["image"], batch.get("label"))

    def latent_batch(self, run: Run, n: int, real: RealBatch) -> LatentBatch:
        """`n` new latents, with labels if any part reads them: drawn, or those of the real batch."""
        label = None
        if self.conditional:
            paired = self.pair_labels or self.loss.needs_real
            label = real.label[:n] if paired and real.label is not None else run.labels(self.labels, n)
        return LatentBatch(run.draw(self.sampler, n, label), label)

    def update_discriminator(self, run: Run, real: RealBatch) -> None:
        """One update by the loss and the penalties of every step."""
        found = run.update(
            "discriminator",
            self.discriminator_terms,
            real,
            self.latent_batch(run, len(real.image), real),
            double_backward=self.differentiates_twice(self.regularizers),
        )
        run.log(**{f"discriminator/{name} scores": found[name].mean() for name in ("real", "fake")})
        run.log(**{f"augment/{name}": value for name, value in self.augment.scalars().items()})

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

    def update_generator(self, run: Run, real: RealBatch) -> None:
        """One update by the loss, the penalties of every step and the auxiliary objectives."""
        run.update(
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
        terms = {
            "adversarial": self.loss.generator(fake.scores, real.scores if self.loss.needs_real else None)
        }
        terms |= {name: penalty(self.generator, fake, real) for name, penalty in penalties.items()}
        shared = {name: part.generator(fake, real) for name, part in named(self.auxiliaries).items()}
        return combined(terms, shared)

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

    def score(self, image: Tensor, label: Tensor | None) -> Tensor:
        """The discriminator as the recipe uses it: augmented, with labels."""
        scores: Tensor = self.discriminator(self.augment(image), label)
        return scores

    def features(self, image: Tensor) -> Tensor:
        """The discriminator's features of the augmented images."""
        return self.discriminator.forward_features(self.augment(image))

    def head(self, features: Tensor, label: Tensor | None) -> Tensor:
        """The scores of images whose features are known, as `score` gives them."""
        return at_least_float32(self.discriminator.forward_head(features, label))

    @property
    def shares_features(self) -> bool:
        """Whether scores can be made from features; not where a recipe or a discriminator has a way of its
        own to score, as gradient normalization, whose features then take a pass of their own.
        """
        plain = type(self.discriminator).forward is Discriminator.forward
        return plain and type(self).score is TwoPlayerGAN.score

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
            image: Tensor = self.generator(self.conditioner(latent, latents.label))
            return image

        real = self.record(partial(_images, batch), label, **needs)
        fake = self.record(
            self.generator,
            latents.label,
            **needs,
            latent=latents.latent,
            code=lambda: self.conditioner(latents.latent, latents.label),
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
            features_of=self.features,
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
