"""Latents that end in codes with a meaning to be learned."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gancore.component.interfaces import Sampler, Shape
from gancore.component.part import Seat, field, part, seat
from gancore.component.validators import is_number
from gancore.errors import FitError
from gancore.standard.samplers import Normal

__all__ = ["LatentCodes"]


FREE = "free"
"""In place of a value: the code is drawn."""


def _tuple(given: Any) -> Any:
    return tuple(given) if isinstance(given, list) else given


def _sizes(_: Any, attribute: Any, value: Any) -> None:
    fine = isinstance(value, tuple) and value and all(type(size) is int and size > 0 for size in value)
    if not fine:
        raise ValueError(
            f"{attribute.name} must be whole numbers of at least 1, as [10, 1, 1]: categories of each code, "
            f"1 for a continuous one; got {value!r}"
        )


def _values(_: Any, attribute: Any, value: Any) -> None:
    numbers: list[Any] = [given for given in value if given != FREE] if isinstance(value, tuple) else [None]
    if not all(is_number(number) and math.isfinite(number) for number in numbers):
        raise ValueError(
            f'{attribute.name} must be a value for each code, a category or a number, or "{FREE}", '
            f'as [3, "{FREE}", -1.5]; got {value!r}'
        )


@part("latent-codes")
class LatentCodes(Sampler):
    """Noise, followed by codes: categorical ones, one-hot and uniform over their categories, and continuous
    ones, uniform in [-1, 1).

    Paper: Chen et al. 2016 (InfoGAN), arXiv:1606.03657, sections 4 and 7.2, whose codes for MNIST are the
    default: one of 10 categories and two continuous ones (appendix C.1). `auxiliary/infogan` learns what they
    mean.

    `fixed` chooses codes when sampling, as in the paper's fig. 2: `gancore sample RUN --set
    'sampler.fixed=[3, "free", -1.5]'`, or `pipeline.sample(8, options={"sampler.fixed": [3]})`. The noise
    and the free codes are those that the seed gives without.

    Raises:
        FitError: the latent is not flat, or has no room for the codes; or a value in `fixed` belongs to no
            code, or to no category of its code.
    """

    examples: ClassVar[Sequence[Mapping[str, Any]]] = (
        {"latent_codes": [2, 1]},
        {"latent_codes": [3, 1], "fixed": [2]},
    )

    latent_codes: Shape = field(
        default=(10, 1, 1),
        converter=_tuple,
        validator=_sizes,
        help="numbers of categories of the codes, 1 for a continuous one",
    )
    fixed: tuple[Any, ...] = field(
        default=(),
        converter=_tuple,
        validator=_values,
        help='the value of each code: a category from 0 on, or a number, or "free"; '
        "codes beyond the last are free",
    )
    noise: Seat[Sampler] = seat(default=Normal, help="where the rest of the latent comes from")

    def build(self) -> None:
        """Checks that the fixed values are those of codes."""
        if len(self.fixed) > len(self.latent_codes):
            raise FitError(
                f"{self.qualified_name} has {len(self.latent_codes)} codes, {list(self.latent_codes)}, but "
                f"fixed has {len(self.fixed)} values; give one for each code, or fewer"
            )
        for place, (value, size) in enumerate(zip(self.fixed, self.latent_codes, strict=False)):
            if value != FREE and size > 1 and value not in range(size):
                raise FitError(
                    f"{self.qualified_name}: code {place} has categories from 0 to {size - 1}, but fixed "
                    f'gives it {value}; give one of them, or "{FREE}"'
                )

    def facts(self, seat: str) -> dict[str, Any]:
        """The noise fills what the codes leave."""
        if len(self.latent) != 1 or self.latent[0] <= sum(self.latent_codes):
            raise FitError(
                f"{self.qualified_name} puts {sum(self.latent_codes)} numbers for the codes "
                f"{list(self.latent_codes)} at the end of a flat latent and noise before them; the latent is "
                f"{tuple(self.latent)}: use a generator with a longer, flat code, or fewer codes"
            )
        return {"latent": (self.latent[0] - sum(self.latent_codes),)}

    def forward(self, n: int, label: Tensor | None = None, *, rng: torch.Generator) -> Tensor:
        """`(n, latent)` float32."""
        noise = self.noise(n, label, rng=rng)
        drawn = [self._code(size, n, rng) for size in self.latent_codes]
        for place, value in enumerate(self.fixed):
            if value != FREE:
                drawn[place] = self._chosen(float(value), self.latent_codes[place], n)
        return torch.cat([noise, *drawn], dim=1)

    def truncated(self, threshold: float) -> Sampler:
        """The same codes behind truncated noise."""
        made = LatentCodes(
            latent_codes=self.latent_codes, fixed=self.fixed, noise=self.noise.truncated(threshold)
        )
        made.bind(facts={"latent": self.latent}, by=self.qualified_name)
        return made

    def _chosen(self, value: float, size: int, n: int) -> Tensor:
        if size == 1:
            return torch.full((n, 1), value)
        return one_hot(torch.full((n,), int(value)), size).float()

    def _code(self, size: int, n: int, rng: torch.Generator) -> Tensor:
        drawn = torch.rand(n, generator=rng)
        if size == 1:
            return drawn[:, None] * 2 - 1
        return one_hot((drawn * size).long().clamp(max=size - 1), size).float()
