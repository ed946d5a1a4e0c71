"""Diversity of samples: similarity of random pairs, and near-twins."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole, within
from gancore.measure.neighbors import radii
from gancore.measure.picking import need, some_images, some_rows
from gancore.measure.score import Score, Value
from gancore.measure.ssim import ms_ssim
from gancore.measure.study import Study

CHUNK = 256
"""Pairs compared at a time."""


def pair_similarities(images: Tensor, pairs: int, rng: torch.Generator) -> Tensor:
    """MS-SSIM of `pairs` random pairs of different images among `(N, C, H, W)`: `(pairs,)` float64.

    Paper: Odena et al. 2017, arXiv:1610.09585, section 4.2. Raises like `ms_ssim`.
    """
    first = torch.randint(len(images), (pairs,), generator=rng)
    second = (first + torch.randint(1, len(images), (pairs,), generator=rng)) % len(images)
    # of few images the same pair is drawn several times, and compared once
    pair, number = torch.unique(torch.stack([first, second]), dim=1, return_inverse=True)
    found = [ms_ssim(images[one], images[other]) for one, other in torch.split(pair, CHUNK, dim=1)]
    return torch.cat(found)[number]


def twin_distance(real: Tensor, rare: float = 0.01) -> float:
    """The distance within which a fraction `rare` of the real rows `(N, D)` have another one."""
    return float(torch.quantile(radii(real, 1), rare))


def duplicates(fake: Tensor, real: Tensor, rare: float = 0.01) -> float:
    """The fraction of `fake` rows `(N, D)` that have a near-twin: another fake row closer than all but a
    fraction `rare` of equally many `real` rows are to theirs.
    """
    return float((radii(fake, 1) < twin_distance(real, rare)).double().mean())


@part("diversity")
class Diversity(Score):
    """How similar samples are: MS-SSIM of random pairs, and the fraction of near-twins.

    `MS-SSIM` is the mean over random pairs. Papers: Odena et al. 2017, arXiv:1610.09585, section 4.2, within
    a class; Karras et al. 2017, arXiv:1710.10196, section 5, over all samples, as here. Neither direction is
    better: samples as diverse as the reference have its value. Smaller images have fewer scales, so values
    are comparable only at equal size.

    `duplicates[title]` is the fraction of samples with a near-twin among the samples: one closer in features
    than all but a fraction `rare` of equally many reference images have. It is about `rare` for samples as
    diverse as the reference. This measure is specific to this library.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = ({"pairs": 64},)
    pairs: int = field(
        default=2000, validator=whole(2), help="random pairs of samples; 10,000 in ProGAN's paper"
    )
    rare: float = field(
        default=0.01,
        validator=within(0, 1),
        help="fraction of the reference that has a near-twin, by definition",
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`MS-SSIM` and `duplicates[title]` (lower is better)."""
        real, fake = study.features("reference"), study.features("samples")
        need("MS-SSIM", 8, "random pairs", reference=len(real), samples=len(fake))
        similar = pair_similarities(
            some_images(study, "samples", 2 * self.pairs), self.pairs, study.rng("pairs")
        )
        rng, count = study.rng("twins"), min(len(real), len(fake))
        share = duplicates(some_rows(fake, count, rng), some_rows(real, count, rng), self.rare)
        return {
            "MS-SSIM": Value(float(similar.mean()), float(similar.std() / self.pairs**0.5)),
            f"duplicates[{study.title}]": Value(share, better="lower"),
        }
