"""The two-player recipe, with every part left open."""

from typing import Any, cast

import torch
from torch import Tensor

from gancore.component.interfaces import Conditioner, Generator, LabelSampler, Referring, Sampler, Shape
from gancore.component.part import Seat, fact, field, part, seat
from gancore.errors import FitError
from gancore.nn.growing import Growing
from gancore.pipeline import Pipeline, check_fit, evaluating
from gancore.recipes.adversarial import AdversarialRecipe
from gancore.recipes.base import DiscriminatorProbe, Player, Run
from gancore.recipes.batches import LatentBatch, RealBatch
from gancore.recipes.features import feature_shape
from gancore.standard.conditioners import Identity
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.samplers import Normal


@part("two-player")
class TwoPlayerGAN(AdversarialRecipe):
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
    sampler: Seat[Sampler] = seat(default=Normal)
    labels: Seat[LabelSampler] = seat(default=EmpiricalLabels)
    conditioner: Seat[Conditioner] = seat(default=Identity)
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
        super().build()
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
        return super().conditional or any(part.conditional for part in (self.sampler, self.conditioner))

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels if any part reads them."""
        return frozenset({"image", "label"}) if self.conditional else frozenset({"image"})

    def players(self) -> dict[str, Player]:
        """The discriminator and the generator (with its conditioner), each with the parts updated with it.

        Sampler and label sampler draw outside of the updates, so their weights cannot be trained here, but
        their state follows the generator.
        """
        players = super().players()
        players["generator"].parts = [self.conditioner, *players["generator"].parts]
        players["generator"].followers = [self.sampler, self.labels]
        return players

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

    def coded(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """What the conditioner makes of the latents."""
        code: Tensor = self.conditioner(latent, label)
        return code
