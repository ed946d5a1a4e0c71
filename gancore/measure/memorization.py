"""Whether samples are copies of training images, compared with fresh real images."""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.part import field, part
from gancore.component.validators import whole
from gancore.measure.neighbors import nearest
from gancore.measure.picking import need, some_rows
from gancore.measure.score import Score, Value
from gancore.measure.study import Study

COPY = 0.5
"""A sample is a copy of its nearest training image if their distance is below this fraction of the mean
distance to the nearest ones.
"""


def mann_whitney_z(first: Tensor, second: Tensor) -> float:
    """How far `first` `(n,)` ranks above `second` `(m,)`: standard normal for equal distributions, negative
    if `first` is smaller.

    Paper: Mann and Whitney 1947: z = (U - nm/2) / √(nm (n + m + 1) / 12), where U is the number of pairs in
    which the first is larger; ties count half.
    """
    n, m = len(first), len(second)
    first, ordered = first.contiguous(), second.sort().values
    above = torch.searchsorted(ordered, first, right=False).double().sum()
    ties = torch.searchsorted(ordered, first, right=True).double().sum() - above
    return float((above + ties / 2 - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12))


def copies(queries: Tensor, training: Tensor, neighbors: int = 50) -> tuple[Tensor, Tensor]:
    """The distance from each row `(N, D)` to the nearest training row, and whether it is a copy: `(N,)`
    float64 and bool.

    A copy is closer to one training row than half the mean distance to its `neighbors` nearest ones, as in
    the attack of Carlini et al. 2023, arXiv:2301.13188, on CIFAR-10 models (there n = 50, α = 0.5, on pixels;
    here on features). Raises like `nearest`.
    """
    distances, _ = nearest(queries, training, neighbors)
    nearest_one = distances[:, 0].contiguous()
    return nearest_one, nearest_one < COPY * distances.mean(1)


def share_p_value(fake: Tensor, fresh: Tensor) -> float:
    """The probability that at least as many of all True in `(n,)` and `(m,)` bool fall into `fake` by chance.

    Fisher's exact test, one-sided: the tail of the hypergeometric distribution.
    """
    n, m, marked = len(fake), len(fresh), int(fake.sum() + fresh.sum())
    j = torch.arange(int(fake.sum()), min(n, marked) + 1, dtype=torch.float64)
    logs = _log_choose(marked, j) + _log_choose(n + m - marked, n - j)
    total = _log_choose(n + m, torch.tensor(float(n), dtype=torch.float64))
    return float((logs - total).logsumexp(0).exp().clamp(max=1))


def _log_choose(n: float, k: Tensor) -> Tensor:
    whole = torch.tensor(float(n), dtype=torch.float64)
    found: Tensor = torch.lgamma(whole + 1) - torch.lgamma(k + 1) - torch.lgamma(whole - k + 1)
    return torch.where((k < 0) | (k > n), -torch.inf, found)


@part("memorization")
class Memorization(Score):
    """Whether samples are copies of training images, against the null distribution of fresh real images.

    `C_T[title]` is the data-copying statistic of Meehan et al. 2020, arXiv:2004.05675, over one cell: the
    Mann-Whitney z of the distances from samples to their nearest training image against those from fresh real
    images. It is standard normal for fresh samples, far below 0 for copies, and also for samples that are
    merely blander than real images.

    `memorized[title]` is the fraction of copies (see `copies`) among samples minus that among fresh real
    images, and `memorization p[title]` the probability of so many if the samples were fresh: Fisher's exact
    test. Below 0.01, the model memorizes.

    Fresh real images are the reference if it was held out. If more than a tenth of it are training images,
    the training set is split at random instead: samples and one half are compared with the other half, then
    the halves are swapped; fractions are summed, z is the mean, and p twice the smaller one.
    """

    needs = frozenset({"training"})
    former_names: ClassVar[Sequence[str]] = ("memorisation",)
    renamed: ClassVar[Mapping[str, str]] = {"neighbours": "neighbors"}
    images: int = field(
        default=2000,
        validator=whole(20),
        help="maximum number of samples and of fresh real images",
    )
    neighbors: int = field(
        default=50, validator=whole(2), help="the nearest training images that a copy stands out from"
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`C_T[title]`, `memorized[title]` (lower is better) and `memorization p[title]`."""
        name, rng = f"C_T[{study.title}]", study.rng("memorisation")
        training, fake = study.features("training"), some_rows(study.features("samples"), self.images, rng)
        need(
            name,
            20,
            "two distributions of distances",
            samples=len(fake),
            reference=len(study.features("reference")),
        )
        need(
            name,
            2 * self.neighbors,
            f"two halves of {self.neighbors} neighbors",
            **{"training set": len(training)},
        )
        fresh = some_rows(study.features("reference"), self.images, rng)
        folds = [(training, fresh)] if held_out(fresh, training) else _halves(training, self.images, rng)
        return {
            f"{kind}[{study.title}]": value
            for kind, value in zip(
                ("C_T", "memorized", "memorization p"), self._compared(fake, folds), strict=True
            )
        }

    def _compared(self, fake: Tensor, folds: list[tuple[Tensor, Tensor]]) -> tuple[Value, Value, Value]:
        zs, shares, variance, ps = [], 0.0, 0.0, []
        for training, fresh in folds:
            near, copied = copies(fake, training, self.neighbors)
            near_fresh, copied_fresh = copies(fresh, training, self.neighbors)
            zs.append(mann_whitney_z(near, near_fresh))
            p, q = float(copied.double().mean()), float(copied_fresh.double().mean())
            shares += p - q
            variance += p * (1 - p) / len(fake) + q * (1 - q) / len(fresh)
            ps.append(share_p_value(copied, copied_fresh))
        return (
            Value(sum(zs) / len(zs)),
            Value(min(1.0, max(0.0, shares)), variance**0.5, "lower"),
            Value(min(1.0, min(ps) * len(ps))),
        )


def held_out(reference: Tensor, training: Tensor) -> bool:
    """Whether at most one in ten reference rows equals a training row, up to rounding."""
    distances, _ = nearest(reference, training, 1)
    spread = (training.double() - training.double().mean(0)).square().sum(1).mean().sqrt()
    return bool((distances[:, 0] <= 1e-4 * spread).double().mean() <= 0.1)


def _halves(training: Tensor, most: int, rng: torch.Generator) -> list[tuple[Tensor, Tensor]]:
    """Each random half of the training rows, with at most `most` rows of the other half."""
    one, other = torch.tensor_split(some_rows(training, len(training), rng), 2)
    return [(one, other[:most]), (other, one[:most])]
