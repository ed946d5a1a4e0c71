"""Improved precision and recall: whose features lie within the other side's manifold."""

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.neighbors import balls, blocks, radii
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.spread import error_of_fraction
from gancore.measure.study import Study


def precision_recall(real: Tensor, fake: Tensor, k: int = 3) -> tuple[float, float]:
    """The share of `fake` rows within the manifold of `real`, and of `real` rows within the manifold of
    `fake`.

    Paper: Kynkäänniemi et al. 2019, arXiv:1904.06991, eqs. 1 and 2: the manifold is the union of balls about
    every row that reach to its k-th nearest other. A row at a ball's very edge is outside (in the paper
    inside), as in the reference code of Naeem et al. 2020.
    """
    reach_real, reach_fake = balls(radii(real, k)), balls(radii(fake, k))
    precise = 0
    recalled = torch.zeros(len(real), dtype=torch.bool)
    for block in blocks(fake, real):
        precise += int(block.inside(reach_real).any(1).sum())
        recalled |= block.inside(reach_fake[block.part, None]).any(0)
    return precise / len(fake), float(recalled.double().mean())


@part("precision-recall")
class PrecisionRecall(Score):
    """Precision (how much of the samples falls within the real manifold) and recall (how much of the real
    falls within the samples').

    Paper: Kynkäänniemi et al. 2019, arXiv:1904.06991, with k = 3 as published; there on VGG-16, here on any
    extractor. Both depend on the number of images a side.
    """

    k: int = field(default=3, validator=whole(1), help="a ball reaches to the k-th nearest neighbor")

    def forward(self, study: Study) -> dict[str, Value]:
        """`precision[title]` and `recall[title]` in [0, 1], higher is better."""
        real, fake = study.features("reference"), study.features("samples")
        need(
            f"precision[{study.title}]",
            5 * self.k + 1,
            f"{self.k} neighbors show where images lie only among many",
            reference=len(real),
            samples=len(fake),
        )
        precision, recall = precision_recall(real, fake, self.k)
        return {
            f"precision[{study.title}]": _fraction(precision, len(fake)),
            f"recall[{study.title}]": _fraction(recall, len(real)),
        }


def _fraction(fraction: float, count: int) -> Value:
    return Value(fraction, error_of_fraction(fraction, count), "higher", perfect=1)
