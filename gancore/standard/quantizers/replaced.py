"""The step from a code map to the vectors that replace it, with its gradients."""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


class Replaced(NamedTuple):
    """A code map whose vectors are replaced by those of a book.

    Attributes:
        code: `(N, D, *S)`, whose gradient goes straight through to the code map.
        to_book: the mean of ‖sg[z] - e‖² over all values, a scalar whose gradient goes to the book.
        to_code: the same number, ‖z - sg[e]‖², whose gradient goes to the code map.
    """

    code: Tensor
    to_book: Tensor
    to_code: Tensor


class _Replaced(torch.autograd.Function):
    """One pass over the values forward and two backward, where autograd takes seven."""

    @staticmethod
    def forward(ctx: Any, code: Tensor, book: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        flat = index.flatten()
        vectors = functional.embedding(index, book)  # (N, *S, D)
        rest = torch.sub(vectors, code.movedim(1, -1), out=torch.empty_like(vectors))
        ctx.save_for_backward(rest, flat)
        ctx.count = len(book)
        mean = rest.square().mean()
        return vectors.movedim(-1, 1), mean, mean.clone()

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, through: Tensor | None, to_book: Tensor | None, to_code: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None, None]:
        rest, flat = ctx.saved_tensors  # e - z, (N, *S, D)
        slope = 2 / rest.numel()
        code = book = None
        if ctx.needs_input_grad[0]:
            code = through if through is not None else torch.zeros_like(rest).movedim(-1, 1)
            code = code if to_code is None else code.addcmul(rest.movedim(-1, 1), to_code * -slope)
        if ctx.needs_input_grad[1] and to_book is not None:
            sums = rest.new_zeros(ctx.count, rest.shape[-1])
            book = sums.index_add_(0, flat, rest.view(len(flat), -1)) * (to_book * slope)
        return code, book, None


def replaced(code: Tensor, book: Tensor, index: Tensor) -> Replaced:
    """Replaces the vectors of a code map `(N, D, *S)` by those of a book `(K, D)` at the indices `(N, *S)`.

    Its gradients cannot be differentiated again.
    """
    return Replaced(*_Replaced.apply(code, book, index))  # type: ignore[no-untyped-call]
