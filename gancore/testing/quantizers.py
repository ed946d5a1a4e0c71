"""Checks of quantizers."""

import torch
from torch import Tensor

from gancore.component.quantizer import Quantized, Quantizer
from gancore.testing.assertions import ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.excuses import row_by_row
from gancore.testing.trial import Trial


def _codes(trial: Trial[Quantizer]) -> Tensor:
    return trial.normal(trial.n + 1, *trial.part.code, word="code")


@check(Quantizer)
def quantizes_codes(trial: Trial[Quantizer]) -> None:
    """It gives a float32 map `(N, D, *S)`, the one that `look_up` makes of its indices `(N, *index_shape)`,
    which are int64 in 0 … K-1; and, if it says so, the indices of the quantized map are the same.
    """
    part, code = trial.part.eval(), _codes(trial)
    made: Quantized = part(code)
    ensure_shape(made.code, tuple(code.shape), "a quantized map")
    ensure_shape(made.indices, (len(code), *part.index_shape), "a map of indices")
    ensure(made.code.dtype == torch.float32, f"the quantized map is {made.code.dtype}, expected float32")
    inside = bool(((made.indices >= 0) & (made.indices < part.codebook_size)).all())
    ensure(
        made.indices.dtype == torch.int64 and inside,
        f"indices are not int64 from 0 to {part.codebook_size - 1}",
    )
    ensure(
        torch.allclose(part.look_up(made.indices), made.code, atol=1e-5),
        "look_up makes another map of the indices than the quantized one",
    )
    same = not part.idempotent or torch.equal(part(made.code.detach()).indices, made.indices)
    ensure(same, "quantizing twice gives other indices")


@check(Quantizer)
def passes_gradients_through(trial: Trial[Quantizer]) -> None:
    """A gradient of the quantized map reaches the code map, finite and not all zero; the terms are finite
    scalars.
    """
    code = _codes(trial).requires_grad_()
    made: Quantized = trial.part.train()(code)
    (gradient,) = torch.autograd.grad(made.code.square().sum(), code, allow_unused=True, retain_graph=True)
    ensure(
        gradient is not None and bool(gradient.isfinite().all()) and bool(gradient.any()),
        "no gradient of the quantized map reaches the code map",
    )
    wrong = [name for name, term in made.terms.items() if term.dim() or not bool(term.isfinite())]
    ensure(not wrong, f"the terms {', '.join(wrong)} are not finite scalars")


@check(Quantizer, excuse=row_by_row)
def quantizes_row_by_row(trial: Trial[Quantizer]) -> None:
    """In eval mode a row depends on itself alone."""
    part, code = trial.part.eval(), _codes(trial)
    whole = part(code).code
    alone = torch.cat([part(code[i : i + 1]).code for i in range(len(code))])
    ensure(torch.allclose(alone, whole, atol=1e-5), "a row of the quantized map depends on the other rows")
