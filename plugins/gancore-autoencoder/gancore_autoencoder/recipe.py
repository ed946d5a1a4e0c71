"""The training recipe of autoencoders."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from gancore.component.fitted_sampler import FittedSampler
from gancore.component.interfaces import Augment, Constraint, Encoder, Generator, Optimizer, Terms
from gancore.component.part import Seat, Seats, field, part, seat
from gancore.component.validators import whole
from gancore.errors import FitError
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Recipe, Run
from gancore.recipes.ex_post import fit_ex_post
from gancore.recipes.penalties import combined, named
from gancore.standard.conditioners import Identity
from gancore.standard.gaussian_mixture import GaussianMixture
from gancore.standard.optimizers import Adam
from gancore_autoencoder.coded import Coded
from gancore_autoencoder.convolutional import AutoencoderEncoder, AutoencoderGenerator
from gancore_autoencoder.penalties import Penalty
from gancore_autoencoder.reconstructions import Reconstruction, SquaredError


@part("autoencoder")
class Autoencoder(Recipe):
    """Encoder and decoder that reconstruct images, and a sampler that is fitted to the codes afterwards.

    Papers: Hinton & Salakhutdinov 2006, Science 313; Ghosh et al. 2019 (RAE), arXiv:1903.12436, section 4,
    for the sampler. One step is, in this order:

    1. a minibatch of images;
    2. what the encoder reads of them: with `corruptions` another image (Vincent et al. 2008), while the
       original one is to be reconstructed;
    3. one update of encoder and decoder along the gradient of the reconstruction's distance and of the
       `penalties`.

    After the last step `finish` encodes all images once and fits the `sampler` to the codes, so that a plain
    autoencoder generates too. Before, samples are drawn from a Gaussian that follows the codes.

    Differences from RAE: no batch normalization, so that micro-batches are exact.

    Raises:
        FitError: the reconstruction does not fit the generator, or the encoder's codes are not those of the
            generator.
        DataError: in `finish`, when there are fewer images than components of the sampler.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {
            "generator": {"part": "gancore-autoencoder:autoencoder", "width": 4, "latent": 4},
            "encoder": {"part": "gancore-autoencoder:autoencoder", "width": 4},
            "sampler": {"part": "gancore:gaussian-mixture", "components": 2},
            "penalties": [{"part": "gancore-autoencoder:code-norm"}],
            "batch": 4,
        },
    )

    generator: Seat[Generator] = seat(default=AutoencoderGenerator)
    encoder: Seat[Encoder] = seat(default=AutoencoderEncoder)
    reconstruction: Seat[Reconstruction] = seat(default=SquaredError)
    corruptions: Seats[Augment] = seat(default=(), help="what is done to images before they are encoded")
    penalties: Seats[Penalty] = seat(default=(), help="further terms of the loss")
    sampler: Seat[FittedSampler] = seat(default=GaussianMixture, help="fitted to the codes at the end")
    constraints: Seats[Constraint] = seat(default=(), help="applied to all weights")
    optimizer: Seat[Optimizer] = seat(default=lambda: Adam(lr=1e-3, betas=(0.9, 0.999)))
    batch: int = field(default=100, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The image shape, which the data give, and for encoder and sampler the shape of the code."""
        known: dict[str, Any] = {"image": self.image}
        if seat in ("encoder", "sampler"):
            known["latent"] = tuple(self.generator.code_shape)
        return known

    def build(self) -> None:
        """Checks that the parts fit."""
        self.reconstruction.check(self.generator)
        if self.encoder.conditional:
            raise FitError(
                f"{self.encoder.qualified_name} reads labels, which {self.qualified_name} does not have; "
                "choose an encoder that reads none"
            )
        self.identity = Identity(code=tuple(self.generator.code_shape))

    @property
    def batch_size(self) -> int:
        """Images per step: 100, as in RAE's released settings."""
        return self.batch

    def length(self, available: int) -> int:
        """The number of training images, unless the run sets one."""
        return 200_000

    def players(self) -> dict[str, Player]:
        """One player: encoder, decoder, and what corruptions and penalties learn; the sampler follows."""
        parts = [self.encoder, self.generator, self.reconstruction, *self.corruptions, *self.penalties]
        constraints = list(self.constraints)
        return {"model": Player(parts, self.optimizer, constraints=constraints, followers=[self.sampler])}

    def pipelines(self) -> dict[str, Pipeline]:
        """The fitted sampler and the decoder, and the encoder for reconstruction."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.identity,
                generator=self.generator,
                encoder=self.encoder,
            )
        }

    def step(self, run: Run) -> None:
        """A minibatch, and a step along the gradient."""
        run.update("model", self.terms, run.batch()["image"], double_backward=self.differentiates)

    def finish(self, run: Run) -> None:
        """Fits the sampler to the codes of all images."""
        fit_ex_post(self.sampler, self.encoder, run)

    @property
    def differentiates(self) -> bool:
        """Whether a penalty differentiates, so that an update differentiates twice."""
        return any(penalty.gradient for penalty in self.penalties)

    def terms(self, image: Tensor) -> Terms:
        """The distance of the reconstruction, and the penalties."""
        coded = Coded(image, self._read(image), self.encoder, self.generator)
        self.sampler.observe(coded.code.detach())
        penalties = {name: penalty(coded) for name, penalty in named(self.penalties).items()}
        return combined({"reconstruction": self.reconstruction(coded).mean()}, penalties)

    def _read(self, image: Tensor) -> Tensor:
        """What the encoder reads."""
        for corruption in self.corruptions:
            image = corruption(image)
        return image.detach().requires_grad_() if self.differentiates else image
