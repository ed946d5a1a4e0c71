"""Batch statistics and latents for several truncations, as the authors' released generators have them."""

from copy import deepcopy
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore import Sampler, field, part
from gancore.component.validators import above, whole, within
from gancore.errors import UserError
from gancore.standard.samplers import TruncatedNormal
from gancore_biggan.deep_generator import DeepBigGANGenerator
from gancore_biggan.up import Make

__all__ = ["BOUND", "ScaledTruncatedNormal", "TabledBatchNorm2d", "TabledDeepBigGANGenerator"]

BOUND = 2.0
"""Largest magnitude of a latent's coordinate without further truncation."""


class TabledBatchNorm2d(nn.BatchNorm2d):
    """Batch normalization whose statistics outside of training are those of a truncation, from a table of
    them.

    The rows are for truncations from 0 to 1 at equal distances; between two of them it takes a mixture, in
    which the nearer one has the larger part (pytorch-pretrained-BigGAN: the smaller one).

    In training it is plain batch normalization, which leaves the table as it is.

    `(N, C, H, W)` → the same shape.
    """

    def __init__(
        self,
        channels: int,
        eps: float = 1e-4,
        momentum: float = 0.1,
        affine: bool = True,
        *,
        rows: int,
        truncation: float,
    ) -> None:
        super().__init__(channels, eps, momentum, affine, track_running_stats=False)
        self.register_buffer("means", torch.zeros(rows, channels))
        self.register_buffer("variances", torch.ones(rows, channels))
        self.truncation = truncation

    def forward(self, input: Tensor) -> Tensor:
        """`(N, C, H, W)` → the same shape."""
        if self.training:
            return functional.batch_norm(input, None, None, self.weight, self.bias, True, 0.0, self.eps)
        mean, variance = self.row("means"), self.row("variances")
        return functional.batch_norm(input, mean, variance, self.weight, self.bias, False, 0.0, self.eps)

    def row(self, name: str) -> Tensor:
        """The statistics `(C,)` of the truncation."""
        # rounded, since 0.58 · 50 is not quite 29
        table = self.get_buffer(name)
        place = round(self.truncation * (len(table) - 1), 6)
        low = int(place)
        return torch.lerp(table[low], table[min(low + 1, len(table) - 1)], place - low)


@part("biggan-deep-truncations", tags=["batch"])
class TabledDeepBigGANGenerator(DeepBigGANGenerator):
    """BigGAN-deep's generator with batch statistics for several truncations of the latent, as the authors
    released it.

    Paper: Brock et al. 2018, arXiv:1809.11096, its truncation trick: standing statistics are computed for
    each truncation. `sample --threshold` chooses those of the truncation threshold / 2, for latents of
    sampler/scaled-truncated-normal. In training it has the statistics of the batch, and the table stays as it
    is. Otherwise like generator/biggan-deep.

    `(N, latent_size + embedding_size)` → `(N, C, H, W)` float32 in (-1, 1).

    Raises:
        FactError: like generator/biggan-deep.
    """

    truncation: float = field(
        default=1.0,
        validator=[above(0), within(0, 1)],
        help="truncation of the latents, in (0, 1], whose statistics are used",
        scheduled=False,
    )
    statistics: int = field(default=51, validator=whole(2), help="truncations with statistics, from 0 to 1")

    @property
    def batch_norm(self) -> Make:
        """Makes batch norms with tables."""
        return partial(TabledBatchNorm2d, rows=self.statistics, truncation=self.truncation)

    def prepare(self, passes: object) -> None:
        """The tables have the statistics."""

    def truncated(self, threshold: float) -> "TabledDeepBigGANGenerator":
        """A copy with the statistics of this threshold.

        Raises:
            UserError: the threshold is not in (0, 2].
        """
        if not 0 < threshold <= BOUND:
            raise UserError(
                f"{self.qualified_name} has statistics for thresholds above 0 and up to {BOUND:g}; got "
                f"{threshold:g}"
            )
        made = deepcopy(self)
        made.truncation = threshold / BOUND
        for norm in made.modules():
            if isinstance(norm, TabledBatchNorm2d):
                norm.truncation = made.truncation
        return made


@part("scaled-truncated-normal")
class ScaledTruncatedNormal(TruncatedNormal):
    """A truncated normal, scaled down: the latents of the authors' released generators.

    Paper: Brock et al. 2018, arXiv:1809.11096, section 3.1. Difference: there, values beyond a lower
    threshold are drawn again; the released generators scale values within ± `threshold` = 2. A lower
    threshold scales more.
    """

    scale: float = field(default=1.0, validator=above(0), help="factor on the truncated values")

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, *latent)` float32 in ± scale · threshold."""
        return self.scale * super().forward(n, label, rng=rng)

    def truncated(self, threshold: float) -> Sampler:
        """The sampler whose largest magnitude is this threshold.

        Raises:
            UserError: the threshold is not above 0.
        """
        if not threshold > 0:
            raise UserError(f"the threshold must be a number above 0; got {threshold:g}")
        scale = threshold / self.threshold
        return ScaledTruncatedNormal(latent=self.latent, threshold=self.threshold, scale=scale)
