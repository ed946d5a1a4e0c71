"""The training recipe of CoGAN."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

from torch import Tensor

from gancore import (
    Average,
    Conditioner,
    Discriminator,
    DiscriminatorProbe,
    Generator,
    Loss,
    Optimizer,
    Pipeline,
    Player,
    Recipe,
    Sampler,
    Seat,
    fact,
    field,
    part,
    seat,
    share,
)
from gancore.component.interfaces import ImageShape, Terms
from gancore.component.validators import as_tuple, whole
from gancore.errors import FitError
from gancore.pipeline import check_fit
from gancore.recipes.base import Run
from gancore.standard.averages import ExponentialAverage
from gancore.standard.conditioners import Identity
from gancore.standard.losses import NonSaturating
from gancore.standard.optimizers import Adam
from gancore.standard.samplers import Uniform
from gancore_cogan.networks import CoupledDiscriminator, CoupledGenerator

DOMAINS = ("source", "target")


def _names(given: Any) -> Any:
    """One name, or a list of them, as a tuple."""
    return (given,) if isinstance(given, str) else as_tuple(given)


@part("cogan")
class CoGAN(Recipe):
    """Two games that have layers in common, so that one latent makes an image of each domain: pairs, learned
    without any.

    Paper: Liu & Tuzel 2016 (CoGAN), arXiv:1606.07536, section 3, eq. 4 and 5. One step is, in this order:

    1. a batch of source images and one of target images, which are no pairs;
    2. one update of both discriminators, on these and on images of new latents;
    3. one update of both generators, on new latents;
    4. an update of the averaged weights.

    Generators share their first layers and discriminators their last: `shared_generator_layers` and
    `shared_discriminator_layers` are the names of these, `trunk` in the parts here. Both generators read the
    same latents. Non-saturating loss, Adam with learning rate 0.0002 and β₁ = 0.5, batch size 128 (section
    4), uniform latents of dimension 100. Differences: samples come from an exponential average of the weights
    (`average = "no-average"` for the paper's). Pipelines `source` and `target` make pairs from equal seeds.

    Raises:
        FitError: the parts do not fit, or layers that are to be shared differ.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            **{f"{domain}_generator": {"width": 2, "latent_size": 6} for domain in DOMAINS},
            **{f"{domain}_discriminator": {"width": 2} for domain in DOMAINS},
            "image": (3, 16, 16),
            "source": (1, 16, 16),
        },
    )
    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the data")
    source_generator: Seat[Generator] = seat(default=CoupledGenerator, help="makes source images")
    target_generator: Seat[Generator] = seat(default=CoupledGenerator, help="makes target images")
    source_discriminator: Seat[Discriminator] = seat(default=CoupledDiscriminator)
    target_discriminator: Seat[Discriminator] = seat(default=CoupledDiscriminator)
    sampler: Seat[Sampler] = seat(default=Uniform)
    conditioner: Seat[Conditioner] = seat(default=Identity)
    loss: Seat[Loss] = seat(default=NonSaturating)
    average: Seat[Average] = seat(default=ExponentialAverage)
    generator_optimizer: Seat[Optimizer] = seat(default=Adam, help="updates both generators")
    discriminator_optimizer: Seat[Optimizer] = seat(default=Adam, help="updates both discriminators")
    shared_generator_layers: str = field(default="trunk", help="layers that the generators have in common")
    shared_discriminator_layers: tuple[str, ...] = field(
        default=("trunk", "score"), converter=_names, help="layers that the discriminators have in common"
    )
    batch: int = field(default=128, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """`image` is the domain that a part makes or scores."""
        known: dict[str, Any] = {"image": self.source if seat.startswith("source") else self.image}
        if seat == "conditioner":
            known["code"] = tuple(self.source_generator.code_shape)
        if seat == "sampler":
            known["latent"] = tuple(self.conditioner.latent_shape)
        return known

    def build(self) -> None:
        """Checks that the parts fit, shares the layers and starts the averages."""
        for generator in (self.source_generator, self.target_generator):
            check_fit(self.sampler, self.conditioner, generator)
        if self.loss.needs_real:
            raise FitError(
                f"{self.loss.qualified_name} compares generated images with real ones, which the generators' "
                f"update of {self.qualified_name} does not have; use another loss"
            )
        share(self.source_generator, self.shared_generator_layers, self.target_generator)
        for layer in self.shared_discriminator_layers:
            share(self.source_discriminator, layer, self.target_discriminator)
        self.average.start(
            source_generator=self.source_generator,
            target_generator=self.target_generator,
            conditioner=self.conditioner,
        )

    @property
    def wants(self) -> frozenset[str]:
        """Images of both domains."""
        return frozenset(DOMAINS)

    @property
    def batch_size(self) -> int:
        """The recipe's published batch size."""
        return self.batch

    def players(self) -> dict[str, Player]:
        """Both discriminators, and both generators."""
        return {
            "discriminators": Player(
                [self.source_discriminator, self.target_discriminator, self.loss],
                self.discriminator_optimizer,
            ),
            "generators": Player(
                [self.conditioner, self.source_generator, self.target_generator],
                self.generator_optimizer,
                followers=[self.sampler],
            ),
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """One for each domain; equal seeds give pairs."""
        return {domain: self._pipeline(domain) for domain in DOMAINS}

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """Both discriminators."""
        return {
            f"{domain} discriminator": DiscriminatorProbe(
                self.discriminators[domain], real=domain, pipeline=domain
            )
            for domain in DOMAINS
        }

    @property
    def discriminators(self) -> dict[str, Discriminator]:
        """Those of both domains."""
        return {"source": self.source_discriminator, "target": self.target_discriminator}

    def step(self, run: Run) -> None:
        """Updates both discriminators, then both generators (section 3, algorithm of the appendix)."""
        seen, batch = run.images, run.batch()
        n = len(batch["source"])
        run.update(
            "discriminators",
            self.discriminator_terms,
            batch["source"],
            batch["target"],
            run.draw(self.sampler, n),
        )
        run.update("generators", self.generator_terms, run.draw(self.sampler, n))
        self.average.follow(images=run.images, batch=run.images - seen)

    def discriminator_terms(self, source: Tensor, target: Tensor, latent: Tensor) -> Terms:
        """Eq. 4 for both domains."""
        real = {"source": source, "target": target}  # (N, *source), (N, C, H, W)
        return {
            domain: self.loss.discriminator(
                self.discriminators[domain](real[domain]), self.discriminators[domain](fake)
            )
            for domain, fake in self.pair(latent).items()
        }

    def generator_terms(self, latent: Tensor) -> Terms:
        """The generators' side of eq. 4."""
        return {
            domain: self.loss.generator(self.discriminators[domain](fake))
            for domain, fake in self.pair(latent).items()
        }

    def pair(self, latent: Tensor) -> dict[str, Tensor]:
        """An image of each domain for each latent `(N, latent_size)`."""
        code = self.conditioner(latent)
        return {"source": self.source_generator(code), "target": self.target_generator(code)}

    def _pipeline(self, domain: str) -> Pipeline:
        return Pipeline(
            sampler=self.sampler,
            conditioner=cast(Conditioner, self.average.of("conditioner")),
            generator=cast(Generator, self.average.of(f"{domain}_generator")),
            makes=domain,
        )
