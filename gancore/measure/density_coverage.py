"""Density and coverage: the real manifold's balls, counted."""

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.neighbors import balls, blocks, radii
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.spread import error_of_fraction
from gancore.measure.study import Study


def density_coverage(real: Tensor, fake: Tensor, k: int = 5) -> tuple[float, float]:
    """How many real balls a `fake` row lies in, over k, on average; and the share of real balls that hold a
    `fake` row.

    Paper: Naeem et al. 2020, arXiv:2002.09797, section 3: the ball about a real row reaches to its k-th
    nearest other.
    """
    reach = balls(radii(real, k))
    inside = 0
    covered = torch.zeros(len(real), dtype=torch.bool)
    for block in blocks(fake, real):
        within = block.inside(reach)
        inside += int(within.sum())
        covered |= within.any(0)
    return inside / (k * len(fake)), float(covered.double().mean())


@part("density-coverage")
class DensityCoverage(Score):
    """Density (precision that one real outlier does not inflate) and coverage (recall that rests on the real
    manifold alone).

    Paper: Naeem et al. 2020, arXiv:2002.09797, with k = 5 as published. Density is about 1, and may be more,
    where both sides are drawn alike. Coverage is then 1 - 1/2ᵏ for many images and equal numbers.
    """

    k: int = field(default=5, validator=whole(1), help="a ball reaches to the k-th nearest neighbor")

    def forward(self, study: Study) -> dict[str, Value]:
        """`density[title]` and `coverage[title]`, higher is better."""
        real, fake = study.features("reference"), study.features("samples")
        need(
            f"density[{study.title}]",
            5 * self.k + 1,
            f"{self.k} neighbors show where images lie only among many",
            reference=len(real),
            samples=len(fake),
        )
        density, coverage = density_coverage(real, fake, self.k)
        return {
            f"density[{study.title}]": Value(density, better="higher"),
            f"coverage[{study.title}]": Value(
                coverage, error_of_fraction(coverage, len(real)), "higher", perfect=1
            ),
        }
