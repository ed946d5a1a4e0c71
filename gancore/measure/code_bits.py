"""How closely images are reconstructed from codes of a given number of bits."""

import math

import attrs
import torch
from torch import Tensor

from gancore.errors import MeasureError, UserError
from gancore.pipeline import Pipeline
from gancore.standard.conditioners import Identity


@attrs.frozen
class Rounding:
    """Rounds each value of a code to one of 2ᵇ levels, so that a code of D values takes b D bits.

    Levels are equally spaced between the smallest and the largest value in that place among some reference
    codes; what lies beyond becomes the nearest of them. With b = 1 a value is one of the two.

    Attributes:
        bits: b, for each value.
        low: the lowest level, `(*code)`.
        high: the highest level, `(*code)`.
    """

    bits: int
    low: Tensor
    high: Tensor

    @classmethod
    def within(cls, codes: Tensor, budget: int) -> "Rounding":
        """The finest rounding of codes like these `(N, *code)` that stays within a budget of bits a code.

        Raises:
            MeasureError: a code has more values than the budget has bits.
        """
        size = math.prod(codes.shape[1:])
        if size > budget:
            raise MeasureError(
                f"codes of {size} values do not fit in {budget} bits; give at least {size} bits a code"
            )
        return cls(budget // size, codes.amin(0), codes.amax(0))

    @property
    def total(self) -> int:
        """The bits of a code."""
        return self.bits * self.low.numel()

    def __call__(self, codes: Tensor) -> Tensor:
        """`(N, *code)` → the nearest levels, in the dtype of the codes."""
        low, high = self.low.double(), self.high.double()
        steps = 2**self.bits - 1
        step = ((high - low) / steps).clamp(min=torch.finfo(torch.float64).tiny)
        index = ((codes.double() - low) / step).round().clamp(0, steps)
        rounded: Tensor = low + index * step
        return rounded.to(codes.dtype)


def index_bits(pipeline: Pipeline) -> float:
    """The bits of a code of indices, log₂ K for each. Raises UserError if codes are numbers."""
    size = pipeline.conditioner.codebook_size
    if not size:
        raise UserError(f"{pipeline.conditioner.qualified_name} reads numbers, not indices of a codebook")
    return math.prod(pipeline.conditioner.latent_shape) * math.log2(size)


def decoded(pipeline: Pipeline, codes: Tensor) -> Tensor:
    """The images of codes `(N, *code)` that the pipeline's encoder gave: `(N, C, H, W)` in [-1, 1]."""
    if pipeline.encoder is None or pipeline.encoder.gives == "latent":
        return pipeline.render(codes)
    identity = Identity(code=tuple(pipeline.generator.code_shape))
    return Pipeline(conditioner=identity, generator=pipeline.generator).render(codes)


def at_bits(pipeline: Pipeline, image: Tensor, like: Tensor, budget: int) -> tuple[Tensor, float]:
    """Images `(N, C, H, W)`, encoded, rounded to a budget of bits, and decoded again; and the bits of a code.

    The levels are those of the codes of other images `like`. Indices are not rounded: their bits are what
    they are.
    """
    codes = pipeline.encode(image)
    if not codes.is_floating_point():
        return decoded(pipeline, codes), index_bits(pipeline)
    rounding = Rounding.within(pipeline.encode(like), budget)
    return decoded(pipeline, rounding(codes)), float(rounding.total)
