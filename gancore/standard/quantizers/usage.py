"""How much of a codebook is used."""

import torch
from torch import Tensor

from gancore.component.part import RunningMean, interface
from gancore.component.quantizer import Quantizer


def counts(index: Tensor, size: int) -> Tensor:
    """How often each of 0 … size-1 stands among indices of any shape: `(size,)` float32."""
    flat = index.flatten()
    ones = torch.ones(len(flat), device=flat.device)
    return ones.new_zeros(size).index_add_(0, flat, ones)


@interface("quantizer")
class CountingQuantizer(Quantizer):
    """A quantizer that counts its indices while it trains.

    The curves are those of the last update, over all its micro-batches and processes: the perplexity
    exp(-Σ p log p) of the indices, and `usage`, the fraction of the K that were used.
    """

    def build(self) -> None:
        """Makes the counters, which are no state."""
        self.register_buffer("perplexity", torch.ones(()), persistent=False)
        self.register_buffer("usage", torch.zeros(()), persistent=False)
        self.used = RunningMean()

    def count(self, index: Tensor) -> None:
        """Counts indices of any shape."""
        self.used.add(counts(index, self.codebook_size), index.numel())

    def update_buffers(self) -> None:
        """Perplexity and usage of the indices of this update."""
        share = self.used.mean
        if share is not None:
            self.perplexity = torch.special.entr(share).sum().exp()
            self.usage = (share > 0).to(share.dtype).mean()

    def scalars(self) -> dict[str, Tensor]:
        """`perplexity` and `usage`."""
        return {"perplexity": self.perplexity, "usage": self.usage}
