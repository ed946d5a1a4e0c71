"""MaskGIT: a bidirectional transformer that draws all indices in a few steps, without and with labels."""

import math
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Shape, Terms
from gancore.component.part import fact, field, part
from gancore.component.randomness import uniform
from gancore.component.validators import above, at_least, below, whole
from gancore.errors import FitError
from gancore.nn.initializers import normal_weights
from gancore.nn.labels import LabelEmbedding, check_classes, given_label
from gancore_vqgan.prior.blocks import Stack
from gancore_vqgan.prior.drawing import drawn, filtered
from gancore_vqgan.prior.interface import CodeSampler

__all__ = ["LabeledMaskGIT", "MaskGIT", "cosine", "masked_counts"]

SMALL: dict[str, Any] = {"layers": 2, "heads": 2, "width": 8, "deviation": 0.5, "steps": 3}


def cosine(ratio: Tensor) -> Tensor:
    """The schedule γ(r) = cos(π r / 2): the fraction of indices that are masked at r in [0, 1]."""
    return (ratio * math.pi / 2).cos()


def masked_counts(length: int, steps: int) -> list[int]:
    """How many of `length` indices are masked after each of `steps` steps: ⌈γ(t / T) L⌉, at least one fewer
    in each step, and none at the end.
    """
    counts = [length]
    for step in range(1, steps):
        share = float(cosine(torch.tensor(step / steps, dtype=torch.float64)))
        counts.append(max(0, min(math.ceil(share * length), counts[-1] - 1)))
    return [*counts[1:], 0]


@part("maskgit")
class MaskGIT(CodeSampler):
    """Predicts masked indices from all others, and draws them in a few steps, the surest first.

    Paper: Chang et al. 2022 (MaskGIT), arXiv:2202.04200, section 3: in training ⌈γ(r) L⌉ random places of
    each row are masked, with r uniform and γ(r) = cos(π r / 2), and eq. 1 is the cross-entropy at these. To
    draw, all places begin masked; in step t of T = `steps` each masked one is drawn, and the ⌈γ(t/T) L⌉ with
    the lowest confidence are masked again. Confidence is the logarithm of the drawn index's probability, plus
    Gumbel noise times `confidence_temperature` · (1 - t/T), as in the released code. Sizes, dropout and label
    smoothing are the paper's.

    Differences: the blocks normalize before each layer, as those of sampler/transformer, and not after it;
    the logits have a layer of their own, not the embedding's weights; eq. 1's sum over the masked places is
    divided by L, where the released code divides by the number of masked places in the batch, so that rows
    stay independent.

    Raises:
        FitError: the heads do not divide the width.
    """

    examples = (SMALL,)

    layers: int = field(default=24, validator=whole(1), help="blocks")
    heads: int = field(default=8, validator=whole(1), help="heads of the attention")
    width: int = field(default=768, validator=whole(1), help="size of a token")
    dropout: float = field(
        default=0.1, validator=[at_least(0), below(1)], help="probability of dropout", scheduled=False
    )
    smoothing: float = field(
        default=0.1, validator=[at_least(0), below(1)], help="label smoothing of the cross-entropy"
    )
    deviation: float = field(
        default=0.02, validator=above(0), help="standard deviation of the initial weights", scheduled=False
    )
    steps: int = field(default=8, validator=whole(1), help="T, steps in which an image is drawn")
    temperature: float = field(
        default=1.0, validator=above(0), help="what logits are divided by when an index is drawn"
    )
    confidence_temperature: float = field(
        default=4.5, validator=at_least(0), help="scale of the noise on the confidence, before the first step"
    )

    tokens_before: ClassVar[int] = 0
    """Tokens that stand before those of the indices."""

    def build(self) -> None:
        """Makes the embedding, whose last row is that of masked places, and the blocks."""
        super().build()
        if self.width % self.heads:
            raise FitError(
                f"{self.qualified_name}: {self.heads} heads do not divide the width {self.width}; "
                "choose a width that is a multiple of heads"
            )
        self.table = nn.Embedding(self.codebook_size + 1, self.width)
        self.stack = Stack(
            length=torch.Size(self.latent).numel() + self.tokens_before,
            outputs=self.codebook_size,
            width=self.width,
            heads=self.heads,
            layers=self.layers,
            dropout=self.dropout,
        )
        for module in (self.table, self.stack):
            normal_weights(module, self.deviation)
        nn.init.normal_(self.stack.positions, std=self.deviation)

    @property
    def mask(self) -> int:
        """The index of a masked place, K."""
        return self.codebook_size

    @property
    def noise_shape(self) -> Shape:
        """For each step and place one number to draw the index with, and one for its confidence."""
        return (self.steps, 2, *self.latent)

    def embedded(self, codes: Tensor, label: Tensor | None) -> Tensor:
        """Indices `(N, L)`, K where masked → tokens `(N, tokens_before + L, W)`."""
        tokens: Tensor = self.table(codes)
        return tokens

    def logits(self, codes: Tensor, label: Tensor | None = None) -> Tensor:
        """Indices `(N, L)`, K where masked → logits `(N, L, K)`."""
        logits: Tensor = self.stack(self.embedded(codes, label))
        return logits[:, self.tokens_before :]

    def terms(self, indices: Tensor, label: Tensor | None = None) -> Terms:
        """Eq. 1 at random masked places, divided by the number of all places."""
        codes = self.sequences(indices)  # (N, L)
        masked = self.masked(codes)  # (N, L)
        logits = self.logits(codes.masked_fill(masked, self.mask), label)  # (N, L, K)
        loss = functional.cross_entropy(
            logits.transpose(1, 2), codes, reduction="none", label_smoothing=self.smoothing
        )
        return {"cross_entropy": (loss * masked).mean()}

    def masked(self, codes: Tensor) -> Tensor:
        """Random places to mask, bool `(N, L)`: ⌈γ(r) L⌉ in each row, at least one."""
        n, length = codes.shape
        ratio = uniform(n, 1, like=self.table.weight)
        count = (cosine(ratio) * length).ceil().clamp(min=1)  # (N, 1)
        rank = uniform(n, length, like=self.table.weight).argsort(1).argsort(1)  # (N, L)
        return rank < count

    @torch.no_grad()
    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, steps, 2, *latent)` → indices `(n, *latent)`."""
        given = noise.flatten(3)  # (N, T, 2, L)
        codes = given.new_full((len(given), given.shape[-1]), self.mask, dtype=torch.int64)  # (N, L)
        for step, count in enumerate(masked_counts(codes.shape[1], self.steps)):
            codes = self._step(codes, given[:, step], label, count, 1 - (step + 1) / self.steps)
        return codes.view(len(noise), *self.latent)

    def _step(self, codes: Tensor, noise: Tensor, label: Tensor | None, count: int, left: float) -> Tensor:
        """Draws all masked indices, and masks the `count` least sure of them again; `left` is 1 - t/T."""
        logits = filtered(self.logits(codes, label), self.temperature)  # (N, L, K)
        masked = codes == self.mask
        found = torch.where(masked, drawn(logits, noise[:, 0]), codes)  # (N, L)
        sure = logits.log_softmax(-1).gather(-1, found[..., None])[..., 0]  # (N, L)
        tiny = torch.finfo(noise.dtype).tiny
        gumbel = -(-noise[:, 1].clamp(min=tiny).log()).clamp(min=tiny).log()
        sure = (sure + self.confidence_temperature * left * gumbel).masked_fill(~masked, math.inf)
        return found.scatter(1, sure.argsort(1)[:, :count], self.mask)


@part("maskgit-labels")
class LabeledMaskGIT(MaskGIT):
    """MaskGIT whose indices are predicted from their label too, which stands before them as a token.

    Paper: Chang et al. 2022 (MaskGIT), arXiv:2202.04200, whose models of ImageNet read the class in this way.
    A label may be a class or a row of K numbers, which mixes the embeddings.

    Raises:
        FactError: the data have no labels.
        FitError: no label was given, or a row is not as long as there are classes.
    """

    examples = ({**SMALL, "classes": 3, "latent": (4, 4)},)
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes, given by the data")
    tokens_before: ClassVar[int] = 1

    def build(self) -> None:
        """Checks that there are classes, and makes the layers."""
        check_classes(self, "sampler/maskgit")
        super().build()
        self.labels = LabelEmbedding(self.classes, self.width)
        normal_weights(self.labels, self.deviation)

    def embedded(self, codes: Tensor, label: Tensor | None) -> Tensor:
        """Labels and indices → tokens `(N, 1 + L, W)`."""
        label = given_label(self, label, "sampler/maskgit")
        return torch.cat([self.labels(label)[:, None], self.table(codes)], 1)
