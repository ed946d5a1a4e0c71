"""The recipe of the second stage: a sampler of indices over a frozen first stage."""

from typing import Any, Self

from torch import Tensor

from gancore.component.interfaces import Constraint, Generator, LabelSampler, Optimizer, Shape, Terms
from gancore.component.part import Seat, Seats, fact, field, part, seat
from gancore.component.references import weights_hash
from gancore.component.validators import whole
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Run
from gancore.standard.labels import EmpiricalLabels
from gancore.standard.optimizers import AdamW
from gancore_vqgan.first_stage import FirstStage
from gancore_vqgan.prior.interface import CodeSampler
from gancore_vqgan.prior.transformer import Transformer
from gancore_vqgan.quantized import IndexEncoder

__all__ = ["CodePrior"]

LEARNING_RATE = 4.5e-6
"""That of the released code, for each image of a batch."""
_NETWORKS = {"part": "vq-vae", "width": 4, "blocks": 1}
SMALL_STAGE: dict[str, Any] = {
    "generator": {**_NETWORKS, "vector": 3},
    "encoder": {"part": "quantized", "network": _NETWORKS, "quantizer": {"part": "vector", "size": 6}},
    "batch": 4,
}
_SMALL: dict[str, Any] = {"layers": 1, "heads": 2, "width": 4, "deviation": 0.5}
_LABELED = {**_SMALL, "part": "transformer-labels", "dropout": 0.1, "keep": 0.9}


@part("code-prior")
class CodePrior(FirstStage):
    """Trains a sampler of indices over a trained encoder, codebook and generator, which stay as they are.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2; van den Oord et al. 2017 (VQ-VAE),
    arXiv:1711.00937, section 3.3. One step is: a batch; its images as indices, computed in eval mode and
    without gradients; one update of the sampler by its own objective (eq. 9 for a transformer). `--init RUN`
    takes the networks of a first stage. With a sampler that reads labels, the labels of the images are given
    to it.

    Optimizer as released: AdamW with betas 0.9 and 0.95, a decay of 0.01, and a learning rate of 4.5e-6 times
    the batch, 64 here. Difference: there the decay is on the weights of linear layers alone.

    The sampler keeps the hash of the encoder's weights, codebook included, that it was trained over.

    Raises:
        FitError: the sampler was trained over another first stage; or encoder and generator disagree about
            the shape of the codes.
    """

    examples = (
        {**SMALL_STAGE, "sampler": _LABELED, "classes": 3},
        {**SMALL_STAGE, "sampler": {**_SMALL, "part": "maskgit", "steps": 2}},
    )

    classes: int = fact(default=0, help="number of classes, 0 for none")
    label_shape: Shape = fact(
        default=(), help="shape of one label: () for a class, (K,) for a row of numbers"
    )
    generator: Seat[Generator] = seat(help="the first stage's generator, which is not trained")
    encoder: Seat[IndexEncoder] = seat(help="the first stage's encoder, which is not trained")
    sampler: Seat[CodeSampler] = seat(default=Transformer)
    labels: Seat[LabelSampler] = seat(default=EmpiricalLabels)
    constraints: Seats[Constraint] = seat(default=(), help="applied to the weights of the sampler")
    optimizer: Seat[Optimizer] = seat(default=lambda: AdamW(lr=LEARNING_RATE * 64, betas=(0.9, 0.95)))
    batch: int = field(default=64, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """Image and classes come from the data, the shape and number of indices from the first stage."""
        known = {**super().facts(seat), "classes": self.classes, "label_shape": self.label_shape}
        if seat == "sampler":
            known["latent"] = self.encoder.quantizer.index_shape
            known["codebook_size"] = self.encoder.quantizer.codebook_size
        return known

    def build(self) -> None:
        """Freezes the first stage, and checks that the sampler is new or was trained over it."""
        super().build()
        for network in (self.encoder, self.generator):
            network.requires_grad_(False)
        self.first_stage = bytes.fromhex(weights_hash(self.encoder))
        self.sampler.check_over(self.first_stage)

    def train(self, mode: bool = True) -> Self:
        """As usual, but the first stage stays in eval mode."""
        super().train(mode)
        for network in (self.encoder, self.generator):
            network.eval()
        return self

    @property
    def wants(self) -> frozenset[str]:
        """Images, and labels if the sampler reads them."""
        return frozenset({"image", "label"} if self.sampler.conditional else {"image"})

    def players(self) -> dict[str, Player]:
        """One player: the sampler."""
        return {
            "sampler": Player(
                [self.sampler],
                self.optimizer,
                constraints=list(self.constraints),
                followers=[self.encoder, self.labels],
            )
        }

    def pipelines(self) -> dict[str, Pipeline]:
        """Draws indices, and makes images of them; reconstructs as the first stage does."""
        return {
            "image": Pipeline(
                sampler=self.sampler,
                conditioner=self.conditioner,
                generator=self.generator,
                encoder=self.encoder,
                labels=self.labels if self.sampler.conditional else None,
            )
        }

    def derive(self, batch: Any) -> dict[str, Tensor]:
        """The indices of the images, `(N, *S)`."""
        return {"indices": self.encoder.code(batch["image"])}

    def step(self, run: Run) -> None:
        """One update of the sampler."""
        if run.step == 0:
            self.sampler.learns_over(self.first_stage)
        batch = run.batch()
        run.update("sampler", self.terms, batch["indices"], batch.get("label"))

    def terms(self, indices: Tensor, label: Tensor | None) -> Terms:
        """The sampler's own objective."""
        return self.sampler.terms(indices, label)
