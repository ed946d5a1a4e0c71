"""Dropout whose mask belongs to the samples."""

from torch import Tensor, nn

from gancore.component.randomness import uniform

__all__ = ["Dropout"]


class Dropout(nn.Module):
    """In training, sets each value to zero with probability `p` and scales the others by 1 / (1 - p); with
    `always`, also outside of it, as noise.

    Paper: Srivastava et al. 2014, JMLR 15, section 4, scaled while training instead of when testing. The mask
    of a sample does not depend on how its batch is split into micro-batches or over processes, unlike that of
    `torch.nn.Dropout`, which draws for whatever rows it is given. `(N, …)` → the same shape.

    Args:
        p: probability of zero, in [0, 1).
        always: whether it acts in eval mode too.

    Raises:
        ValueError: `p` is not in [0, 1).
    """

    def __init__(self, p: float = 0.5, always: bool = False) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"the probability of dropout must be at least 0 and below 1; got {p}")
        self.p, self.always = p, always

    def forward(self, x: Tensor) -> Tensor:
        """`(N, …)` → `(N, …)`."""
        if not (self.training or self.always) or not self.p:
            return x
        kept = uniform(*x.shape, like=x) >= self.p  # (N, …)
        return x * kept / (1 - self.p)

    def extra_repr(self) -> str:
        """The probability, and whether it always acts."""
        return f"p={self.p}" + (", always" if self.always else "")
