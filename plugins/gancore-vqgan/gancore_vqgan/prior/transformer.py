"""The causal transformer over indices, without and with labels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Shape, Terms
from gancore.component.part import Seat, fact, field, part, seat
from gancore.component.randomness import uniform
from gancore.component.validators import above, as_tuple, at_least, below, sizes, whole, within
from gancore.errors import FitError
from gancore.nn.initializers import normal_weights
from gancore.nn.labels import check_classes, embedded, given_label
from gancore_vqgan.prior.blocks import Stack
from gancore_vqgan.prior.interface import AutoregressiveSampler
from gancore_vqgan.prior.patterns import AttentionPattern, Dense
from gancore_vqgan.prior.sliding import window_at

__all__ = ["LabeledTransformer", "Transformer"]

SMALL: dict[str, Any] = {"layers": 2, "heads": 2, "width": 8, "deviation": 0.5}


@part("transformer")
class Transformer(AutoregressiveSampler):
    """A causal transformer over the indices in raster order: p(s) = Π p(s_i | s_<i).

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2, eq. 9; the network is minGPT's, as
    in its released code, with the sizes that are the defaults there. The sequence begins with the index 0 in
    place of a condition, as there. `keep` is the released `pkeep`: in training, each index that the network
    reads is replaced by a random one with probability 1 - keep. Dropout is on the embedded tokens and on what
    the blocks add (0 in the released settings), none on the attention.

    Keys and values are cached while drawing. `window` is the map that it was trained on where the latents are
    larger: each index is then drawn from those before it in a window of that size around it (section 3.2),
    without the cache, since positions are those in the window.

    `pattern` says which tokens are attended to, by default all before; `strided` and `fixed` are those of
    sparse transformers.

    Raises:
        FitError: the heads do not divide the width, or the latents are no map in which the window fits.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {**SMALL, "dropout": 0.2, "keep": 0.8},
        {**SMALL, "pattern": "strided"},
    )

    begins: int = fact(default=1, help="number of tokens that a sequence begins with")
    layers: int = field(default=12, validator=whole(1), help="blocks")
    heads: int = field(default=8, validator=whole(1), help="heads of the attention")
    width: int = field(default=256, validator=whole(1), help="size of a token")
    dropout: float = field(
        default=0.0, validator=[at_least(0), below(1)], help="probability of dropout", scheduled=False
    )
    keep: float = field(
        default=1.0,
        validator=within(0, 1),
        help="probability that an index is read as it is in training, and not replaced by a random one",
    )
    deviation: float = field(
        default=0.02, validator=above(0), help="standard deviation of the initial weights", scheduled=False
    )
    window: Shape = field(
        default=(),
        converter=as_tuple,
        validator=sizes(none=True),
        help="height and width of the map that it was trained on, if the latents are larger; (): the latents",
    )
    pattern: Seat[AttentionPattern] = seat(default=Dense, help="which tokens each attends to")

    def build(self) -> None:
        """Makes the embedding and the blocks."""
        super().build()
        self._check()
        self.trained_on = tuple(self.window or self.latent)
        length = math.prod(self.trained_on)
        row = math.prod(self.trained_on[1:]) if len(self.trained_on) > 1 else math.isqrt(length)
        self.table = nn.Embedding(self.vocabulary, self.width)
        self.stack = Stack(
            length=length + self.begins - 1,
            outputs=self.codebook_size,
            width=self.width,
            heads=self.heads,
            layers=self.layers,
            dropout=self.dropout,
        )
        for module in (self.table, self.stack):
            normal_weights(module, self.deviation)
        self.masks = nn.Buffer(self.pattern(length + self.begins - 1, row), persistent=False)  # (P, T, T)

    def _check(self) -> None:
        if self.width % self.heads:
            raise FitError(
                f"{self.qualified_name}: {self.heads} heads do not divide the width {self.width}; "
                "choose a width that is a multiple of heads"
            )
        larger = len(self.latent) == len(self.window) == 2 and all(
            size >= own for size, own in zip(self.latent, self.window, strict=True)
        )
        if self.window and not larger:
            raise FitError(
                f"{self.qualified_name}: a window {self.window} needs maps of two sides that are at least as "
                f"large; the latents are {tuple(self.latent)}: leave the window out, or give larger latents"
            )

    @property
    def vocabulary(self) -> int:
        """The number of rows of the embedding: K."""
        return self.codebook_size

    def prefix(self, n: int, label: Tensor | None) -> Tensor:
        """The embedded token that a sequence begins with, `(N, 1, W)`: that of index 0."""
        return self.table.weight[:1].expand(n, 1, -1)

    def forward_tokens(self, tokens: Tensor) -> Tensor:
        """Tokens `(N, T)` from the first of the sequence on → logits `(N, T, K)` of the next ones."""
        logits: Tensor = self.stack(self.table(tokens), self.masks)
        return logits

    def logits(self, codes: Tensor, label: Tensor | None = None) -> Tensor:
        """Indices `(N, T)` → logits `(N, T, K)`; those at place i follow from the indices before i alone."""
        return self.logits_after(self.prefix(len(codes), label), codes)

    def logits_after(self, begin: Tensor, codes: Tensor) -> Tensor:
        """The same for sequences that begin with embedded tokens `(N, B, W)`."""
        logits: Tensor = self.stack(torch.cat([begin, self.table(codes[:, :-1])], 1), self.masks)
        return logits[:, begin.shape[1] - 1 :]

    def terms(self, indices: Tensor, label: Tensor | None = None) -> Terms:
        """Eq. 9, -log p(s), divided by the number of indices. Raises FitError if there is a window."""
        return self.terms_after(self.prefix(len(indices), label), indices)

    def terms_after(self, begin: Tensor, indices: Tensor) -> Terms:
        """The same for sequences that begin with embedded tokens `(N, B, W)`: eq. 10."""
        codes = self.sequences(indices)  # (N, L)
        if self.trained_on != tuple(self.latent):
            raise FitError(
                f"{self.qualified_name} learns maps of its window {self.window}, not {tuple(self.latent)}; "
                "train it on images of that size, and set larger latents when sampling"
            )
        logits = self.logits_after(begin, self._replaced(codes))  # (N, L, K)
        return {"cross_entropy": functional.cross_entropy(logits.transpose(1, 2), codes)}

    def _replaced(self, codes: Tensor) -> Tensor:
        """Indices `(N, L)`, some of them replaced by random ones."""
        if not self.training or self.keep == 1:
            return codes
        kept, other = (uniform(*codes.shape, like=self.table.weight) for _ in range(2))  # (N, L)
        return torch.where(kept < self.keep, codes, (other * self.codebook_size).long())

    @torch.no_grad()
    def latents(self, noise: Tensor, label: Tensor | None = None) -> Tensor:
        """Noise `(n, *latent)` → indices `(n, *latent)`."""
        return self.latents_after(self.prefix(len(noise), label), noise)

    @torch.no_grad()
    def latents_after(self, begin: Tensor, noise: Tensor) -> Tensor:
        """The same for sequences that begin with embedded tokens `(N, B, W)`."""
        if self.trained_on != tuple(self.latent):
            return self._slid(begin, noise)
        rows, past, drawn = noise.flatten(1), self.stack.past(), list[Tensor]()  # (N, L)
        tokens: Tensor = begin  # (N, B, W)
        masks: Tensor | None = self.masks
        for place in range(rows.shape[1]):
            hidden = self.stack.hidden(tokens, masks, past)
            drawn.append(self.pick(self.stack.logits(hidden[:, -1]), rows[:, place]))
            tokens = self.table(drawn[-1][:, None])  # (N, 1, W)
            masks = None if self.pattern.all_before else self.masks
        return torch.stack(drawn, 1).view(noise.shape)

    def _slid(self, begin: Tensor, noise: Tensor) -> Tensor:
        """Each index from those before it in the window around it."""
        codes = torch.zeros(noise.shape, dtype=torch.int64, device=noise.device)  # (N, h, w)
        height, width = self.latent
        for row, column in ((row, column) for row in range(height) for column in range(width)):
            rows, columns, before = window_at(row, column, self.latent, self.window)
            seen = codes[:, rows, columns].flatten(1)[:, :before]  # (N, T)
            hidden = self.stack.hidden(torch.cat([begin, self.table(seen)], 1), self.masks)
            logits = self.stack.logits(hidden[:, -1])  # (N, K)
            codes[:, row, column] = self.pick(logits, noise[:, row, column])
        return codes


@part("transformer-labels")
class LabeledTransformer(Transformer):
    """The causal transformer whose sequences begin with their label: p(s | c) = Π p(s_i | s_<i, c).

    Paper: Esser et al. 2020 (VQGAN), arXiv:2012.09841, section 3.2, eq. 10. As in the released code, class k
    is embedded as index k is, in the same table, which has a row for each of the larger of the two numbers. A
    label may be a class or a row of K numbers, which mixes the rows of the table.

    Raises:
        FactError: the data have no labels; else like sampler/transformer.
        FitError: no label was given, or a row is not as long as there are classes.
    """

    examples = ({**SMALL, "classes": 3, "latent": (4, 4)},)
    conditional: ClassVar[bool] = True
    classes: int = fact(help="number of classes, given by the data")

    def build(self) -> None:
        """Checks that there are classes, and makes the layers."""
        check_classes(self, "sampler/transformer")
        super().build()

    @property
    def vocabulary(self) -> int:
        """The number of rows of the embedding."""
        return max(self.codebook_size, self.classes)

    def prefix(self, n: int, label: Tensor | None) -> Tensor:
        """The embedded labels, `(N, 1, W)`."""
        label = given_label(self, label, "sampler/transformer")
        return embedded(label, self.table.weight[: self.classes])[:, None]
