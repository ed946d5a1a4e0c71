"""How much of its codebook a model uses for images."""

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.picking import need, some_indices
from gancore.measure.score import Score, Value
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.standard.quantizers import Codebook


def index_shares(pipeline: Pipeline, images: Tensor, label: Tensor | None = None) -> Tensor:
    """How often each index stands for images `(N, C, H, W)`: shares `(L, K)` float64, a row for each of L
    codebooks in the quantizer of the conditioner `codebook`; one row for all indices elsewhere.
    """
    index, size = pipeline.encode(images, label), pipeline.conditioner.codebook_size
    several = [one.flatten() for one in _by_book(pipeline, index)]
    counts = torch.stack([torch.bincount(one, minlength=size) for one in several])
    return counts.double() / several[0].numel()


def _by_book(pipeline: Pipeline, index: Tensor) -> list[Tensor]:
    """Indices `(N, *S, L)` apart by L, those `(N, *S)` together."""
    holder = pipeline.conditioner
    if isinstance(holder, Codebook) and len(holder.quantizer.index_shape) == len(holder.quantizer.code):
        return list(index.unbind(-1))
    return [index]


def usage(shares: Tensor) -> Tensor:
    """The fraction of the K codes that are used, `(L,)`, of shares `(L, K)`."""
    return (shares > 0).double().mean(1)


def perplexity(shares: Tensor) -> Tensor:
    """exp(-Σ p log p), `(L,)`, of shares `(L, K)`: as many codes, used equally often, would be as varied."""
    made: Tensor = torch.special.entr(shares).sum(1).exp()
    return made


@part("codebook")
class CodebookUse(Score):
    """How much of its codebook the model uses for held-out images, or those of the reference where none are
    held out: the fraction of the K codes that stand for some place, and the perplexity of all indices.

    Where each place has several indices, each with a codebook of its own, these are means over the codebooks.
    Of images with fewer places than K, not all codes can be used.
    """

    needs = frozenset({"indices"})
    images: int = field(default=2000, validator=whole(2), help="maximum number of images")

    def forward(self, study: Study) -> dict[str, Value]:
        """`codebook usage`, from 0 to 1, and `codebook perplexity`, from 1 to K: higher is better."""
        assert study.pipeline is not None
        shown = study.reference if study.held_out is None else study.held_out
        name = "reference" if study.held_out is None else "held-out images"
        need("codebook usage", 2, "codes of several images", **{name: len(shown)})
        chosen = some_indices(len(shown), self.images, study.rng("some reference"))
        label = None if shown.labels is None or not study.pipeline.reads_labels else shown.labels[chosen]
        shares = index_shares(study.pipeline, shown.rows(chosen), label)
        return {
            "codebook usage": Value(float(usage(shares).mean()), None, "higher", perfect=1.0),
            "codebook perplexity": Value(float(perplexity(shares).mean()), None, "higher"),
        }
