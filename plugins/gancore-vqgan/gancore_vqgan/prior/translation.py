"""The recipe of a second stage that translates images."""

import hashlib
from collections.abc import Mapping
from typing import Any, Self

from torch import Tensor

from gancore.component.interfaces import Constraint, Generator, ImageShape, Optimizer
from gancore.component.part import Seat, Seats, fact, field, part, seat
from gancore.component.references import weights_hash
from gancore.component.validators import whole
from gancore.pipeline import Pipeline
from gancore.recipes.base import Player, Run
from gancore.standard.optimizers import AdamW
from gancore_vqgan.first_stage import FirstStage
from gancore_vqgan.prior.drawn_codes import DrawnCodes, length_of
from gancore_vqgan.prior.recipe import LEARNING_RATE, SMALL_STAGE
from gancore_vqgan.prior.transformer import SMALL, Transformer
from gancore_vqgan.quantized import IndexEncoder

__all__ = ["CodeTranslation"]


@part("code-translation")
class CodeTranslation(FirstStage):
    """Trains a causal transformer to draw the indices of a target image after those of its source image, over
    the trained first stages of both domains, which stay as they are.

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2, eq. 10, for spatial conditions, such as
    depth or segmentation. One step is: a batch of pairs; both images as indices, computed in eval mode and
    without gradients; one update by eq. 10. The optimizer is that of recipe/code-prior. The pipeline
    translates source images, with other noise into others.

    Raises:
        FitError: the transformer was trained over other first stages; or encoder and generator disagree about
            the shape of the codes.
    """

    learns_pairs = True
    examples = (
        {
            **SMALL_STAGE,
            "condition": {**SMALL_STAGE["encoder"], "code_shape": (3, 2, 2)},
            "sampler": {**SMALL, "layers": 1, "dropout": 0.1},
            "source": (2, 8, 8),
            "image": (3, 8, 12),
        },
    )

    source: ImageShape = fact(default=None, help="shape (C, H, W) of one source image, given by the data")
    generator: Seat[Generator] = seat(help="the generator of target images, which is not trained")
    encoder: Seat[IndexEncoder] = seat(help="the encoder of target images, which is not trained")
    condition: Seat[IndexEncoder] = seat(help="the encoder of source images, which is not trained")
    sampler: Seat[Transformer] = seat(default=Transformer)
    constraints: Seats[Constraint] = seat(default=(), help="applied to the weights of the transformer")
    optimizer: Seat[Optimizer] = seat(default=lambda: AdamW(lr=LEARNING_RATE * 64, betas=(0.9, 0.95)))
    batch: int = field(default=64, validator=whole(1), help="batch size, unless the run sets one")

    def facts(self, seat: str) -> dict[str, Any]:
        """The images of both domains, and the shape and number of indices for the transformer."""
        if seat == "condition":
            return {"image": self.source}
        if seat == "sampler":
            return {
                "latent": self.encoder.quantizer.index_shape,
                "codebook_size": self.encoder.quantizer.codebook_size,
                "begins": length_of(self.condition),
            }
        return super().facts(seat)

    def build(self) -> None:
        """Freezes the first stages, and makes the conditioner that draws after them."""
        for network in self._frozen:
            network.requires_grad_(False)
        super().build()
        self.drawn = DrawnCodes(
            condition=self.condition,
            quantizer=self.encoder.quantizer,
            sampler=self.sampler,
            source=self.source,
            code=self.code,
        )
        both = weights_hash(self.encoder) + weights_hash(self.condition)
        self.first_stage = hashlib.sha256(both.encode()).digest()
        self.sampler.check_over(self.first_stage)

    @property
    def _frozen(self) -> tuple[Generator | IndexEncoder, ...]:
        return self.generator, self.encoder, self.condition

    def train(self, mode: bool = True) -> Self:
        """As usual, but the first stages stay in eval mode."""
        super().train(mode)
        for network in self._frozen:
            network.eval()
        return self

    @property
    def wants(self) -> frozenset[str]:
        """Pairs."""
        return frozenset({"source", "target"})

    def players(self) -> dict[str, Player]:
        """One player: the transformer, with the embedding of the conditions."""
        return {"translator": Player([self.drawn], self.optimizer, constraints=list(self.constraints))}

    def pipelines(self) -> dict[str, Pipeline]:
        """Translates source images."""
        return {
            "image": Pipeline(
                conditioner=self.drawn, generator=self.generator, reads="source", makes="target"
            )
        }

    def derive(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The indices of both images, `(N, *S)`."""
        return {
            "condition": self.condition.code(batch["source"]),
            "indices": self.encoder.code(batch["target"]),
        }

    def step(self, run: Run) -> None:
        """One update of the transformer."""
        if run.step == 0:
            self.sampler.learns_over(self.first_stage)
        batch = run.batch()
        run.update("translator", self.drawn.terms, batch["indices"], batch["condition"])
