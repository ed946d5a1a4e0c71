"""The recipe of VQGAN's first stage."""

from typing import ClassVar

from torch import Tensor

from gancore.component.distance import Distance
from gancore.component.interfaces import Constraint, Discriminator, Generator, Loss, Optimizer, Terms
from gancore.component.part import Seat, Seats, field, part, seat
from gancore.component.quantizer import Quantizer
from gancore.component.validators import at_least, whole
from gancore.errors import FitError, UserError
from gancore.measure.perceptual import Perceptual
from gancore.recipes.adversarial import per_sample
from gancore.recipes.base import DiscriminatorProbe, Player, Run
from gancore.standard.losses import Hinge
from gancore.standard.optimizers import Adam
from gancore.standard.quantizers import VectorQuantizer
from gancore_vqgan.adaptive_weight import adaptive_weight
from gancore_vqgan.discriminator import VQGANDiscriminator
from gancore_vqgan.first_stage import FirstStage
from gancore_vqgan.networks import VQGANDecoder, VQGANEncoder
from gancore_vqgan.quantized import IndexEncoder, QuantizedEncoder

__all__ = ["VQGAN"]


def encoder() -> QuantizedEncoder:
    """The released network and codebook: 1024 vectors, β = 0.25."""
    return QuantizedEncoder(network=VQGANEncoder(), quantizer=codebook())


def codebook() -> Quantizer:
    """1024 vectors, β = 0.25."""
    return VectorQuantizer(size=1024, commitment=0.25)


def adam() -> Adam:
    """4.5e-6 for each of the five images of a batch, β₁ = 0.5, β₂ = 0.9."""
    return Adam(lr=2.25e-5, betas=(0.5, 0.9))


SMALL = {"width": 4, "multipliers": [1, 2], "blocks": 1, "attention": [], "channels": 3, "groups": 2}
EXAMPLE = {
    "generator": {"part": "vqgan", "vector": 3, **SMALL},
    "encoder": {
        "network": {"part": "vqgan", **SMALL},
        "quantizer": {"part": "vector", "size": 6},
    },
    "discriminator": {"part": "vqgan", "width": 2, "layers": 1},
    "perceptual": {"extractor": {"part": "pixels", "size": 4}},
    "batch": 4,
}


@part("vqgan", tags=["batch"])
class VQGAN(FirstStage):
    """An autoencoder with a codebook, a perceptual distance, and a discriminator of patches.

    Paper: Esser et al. 2020, arXiv:2012.09841, section 3.1. One step is, in this order:

    1. a batch of images;
    2. one update of encoder, codebook and generator by the absolute error, the perceptual distance, the
       terms of the quantizer (eq. 4) and, once the discriminator has started, its adversarial loss (eq. 5),
       times `adversarial` and the adaptive weight λ (eq. 7);
    3. one update of the discriminator on the images and the reconstructions of that update.

    The discriminator starts after `discriminator_start` images; where `adversarial` is 0, as a schedule may
    have it, both updates go without it. The sizes, Adam (4.5e-6 for each image of a batch of 5), the weight
    0.8 and the start after 10,000 batches are the released settings for images of one's own.

    Differences: the released code reconstructs once more, after the autoencoder's update, for the
    discriminator's; halves the loss of the discriminator, which Adam cancels; and unless told otherwise has
    β at the codebook's term (`quantizer = {part = "vector", commitment = 1, codebook_weight = 0.25}`). The
    perceptual distance is by default that of the extractor that comes with gancore, since LPIPS's weights do
    not; see `distance/perceptual`. λ is that of a micro-batch, and of a process.

    Raises:
        FitError: encoder and generator disagree about the shape of the codes, or generator and discriminator
            about the images; the generator does not name its last layer.
        UserError: the training is too short for the discriminator to start.
    """

    examples = ({**EXAMPLE, "discriminator_start": 0}, {**EXAMPLE, "discriminator_start": 4})
    idle_at_first: ClassVar[frozenset[str]] = frozenset({"loss"})

    generator: Seat[Generator] = seat(default=VQGANDecoder)
    encoder: Seat[IndexEncoder] = seat(default=encoder)
    discriminator: Seat[Discriminator] = seat(default=VQGANDiscriminator)
    loss: Seat[Loss] = seat(default=Hinge)
    perceptual: Seat[Distance] = seat(default=Perceptual)
    constraints: Seats[Constraint] = seat(default=(), help="applied to the discriminator")
    optimizer: Seat[Optimizer] = seat(default=adam, help="of encoder, codebook and generator")
    discriminator_optimizer: Seat[Optimizer] = seat(default=adam)
    batch: int = field(default=5, validator=whole(1), help="batch size, unless the run sets one")
    perceptual_weight: float = field(
        default=1.0, validator=at_least(0), help="weight of the perceptual distance"
    )
    adversarial: float = field(
        default=0.8, validator=at_least(0), help="weight of the adversarial term, times the adaptive weight"
    )
    discriminator_start: int = field(
        default=50_000, validator=whole(0), help="images after which the discriminator starts"
    )

    def build(self) -> None:
        """Checks that the networks fit."""
        super().build()
        if tuple(self.generator.image) != tuple(self.discriminator.image):
            raise FitError(
                f"{self.generator.qualified_name} makes images {self.generator.image}, "
                f"{self.discriminator.qualified_name} reads {self.discriminator.image}"
            )
        if self.discriminator.conditional:
            raise FitError(
                f"{self.discriminator.qualified_name} reads labels, which {self.qualified_name} has not; "
                "take another discriminator, such as discriminator/patchgan"
            )
        try:
            self.generator.last_layer()
        except UserError as error:
            raise FitError(f"{self.qualified_name} weighs gradients in the last layer: {error}") from None

    def length(self, available: int) -> int:
        """100,000 images, or four times those before the discriminator starts."""
        return max(super().length(available), 4 * self.discriminator_start)

    def players(self) -> dict[str, Player]:
        """The autoencoder, and the discriminator."""
        return {
            "autoencoder": Player([self.encoder, self.generator, self.perceptual], self.optimizer),
            "discriminator": Player(
                [self.discriminator, self.loss],
                self.discriminator_optimizer,
                constraints=list(self.constraints),
            ),
        }

    def probes(self) -> dict[str, DiscriminatorProbe]:
        """The discriminator."""
        return {"discriminator": DiscriminatorProbe(self.discriminator, "image", "image")}

    def step(self, run: Run) -> None:
        """The update of the autoencoder, then that of the discriminator."""
        started = self.started(run)
        image = run.batch()["image"]
        terms = self.adversarial_terms if started else self.warm_up_terms
        made = run.update("autoencoder", terms, image, double_backward=started)["made"]
        self.log_quantizer(run)
        if started:
            found = run.update("discriminator", self.discriminator_terms, image, made)
            run.log(**{f"discriminator/{name} scores": found[name].mean() for name in ("real", "fake")})

    def started(self, run: Run) -> bool:
        """Whether the discriminator takes part in the next step. Raises UserError if it never will."""
        if self.adversarial and 0 < run.total <= self.discriminator_start:
            raise UserError(
                f"{self.qualified_name}: the discriminator starts after {self.discriminator_start:,} images, "
                f"but the training has {run.total:,}: train longer, set discriminator_start, or train "
                "without a discriminator by adversarial=0"
            )
        return self.adversarial > 0 and run.images >= self.discriminator_start

    def warm_up_terms(self, image: Tensor) -> Terms:
        """The reconstruction and the quantizer's terms, and the reconstructions by row."""
        made, terms = self.reconstruct(image)
        return {**terms, "made": made.detach()}

    def adversarial_terms(self, image: Tensor) -> Terms:
        """The same, and the adversarial loss with its weight λ, which is logged."""
        made, terms = self.reconstruct(image)
        fake = self.discriminator(made)
        real = self.discriminator(image) if self.loss.needs_real else None
        adversarial = self.loss.generator(fake, real)
        likeness = terms["absolute"] + terms.get("perceptual", 0.0)
        weight = adaptive_weight(likeness, adversarial, self.generator.last_layer())  # eq. 7
        terms["adversarial"] = self.adversarial * weight * adversarial
        return {**terms, "adaptive weight": weight, "made": made.detach()}

    def reconstruct(self, image: Tensor) -> tuple[Tensor, Terms]:
        """Reconstructions `(N, C, H, W)`, and the terms that need no discriminator (eq. 4)."""
        coded = self.encoder.quantized(image)
        made: Tensor = self.generator(coded.code)
        terms = {"absolute": (made - image).abs().mean(), **coded.terms}
        if self.perceptual_weight:
            terms["perceptual"] = self.perceptual_weight * self.perceptual(made, image).mean()
        return made, terms

    def discriminator_terms(self, image: Tensor, made: Tensor) -> Terms:
        """Eq. 5 as a loss of the discriminator; scores are returned by row."""
        real, fake = self.discriminator(image), self.discriminator(made)
        terms = {"adversarial": self.loss.discriminator(real, fake)}
        return {**terms, "real": per_sample(real), "fake": per_sample(fake)}
