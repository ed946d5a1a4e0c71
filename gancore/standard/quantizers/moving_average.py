"""The quantizer of VQ-VAE, with a codebook that is a moving average."""

import torch
from torch import Tensor, nn

from gancore.component.part import RunningMean, field, part
from gancore.component.validators import at_least, below
from gancore.standard.quantizers.nearest_vector import NearestQuantizer

HARDLY_USED = 1e-6
"""A vector with a smaller average share than this stays where it is: it would be a quotient of rounding."""


@part("moving-average")
class MovingAverageQuantizer(NearestQuantizer):
    """Each vector becomes the nearest of K, each the moving average of what it replaced.

    Paper: van den Oord et al. 2017 (VQ-VAE), arXiv:1711.00937, appendix A.1: N ← γ N + (1-γ) n,
    m ← γ m + (1-γ) Σ z, e = m / N, once for each update, with the n vectors z of all its micro-batches and
    processes. N and m are per vector of the update, which is the same while these are equally many. The
    released code adds a little to each N; here a vector that is hardly used stays where it is. Vectors begin
    uniform in [-1/K, 1/K), and count as used equally often.

    The term is `commitment`, β ‖z_e(x) - sg[e]‖², and the curves are those of `quantizer/vector`.
    """

    examples = ({"size": 5},)

    mean_decay: float = field(default=0.99, validator=[at_least(0), below(1)], help="γ, what the mean keeps")

    def build(self) -> None:
        """Makes the codebook `(K, D)` and how often each vector is used, `(K,)`."""
        super().build()
        bound = 1 / self.size
        self.vectors: Tensor = nn.Buffer(torch.empty(self.size, self.code[0]).uniform_(-bound, bound))
        self.share: Tensor = nn.Buffer(torch.full((self.size,), 1 / self.size))
        self.replaced = RunningMean()

    def book(self) -> Tensor:
        """The average, without a gradient."""
        return self.vectors

    def put(self, which: Tensor, vectors: Tensor) -> None:
        """Vectors that count as used as often as the mean; what was just seen of the others is dropped."""
        self.vectors[which] = vectors.to(self.vectors.dtype)
        self.share[which] = 1 / self.size
        for seen in (self.replaced.total, self.used.total):
            if seen is not None:
                seen[which] = 0

    def observe(self, code: Tensor, index: Tensor) -> None:
        """Counts the indices and sums up what each stands for."""
        super().observe(code, index)
        rows = code.movedim(1, -1).reshape(-1, code.shape[1])  # (N·S, D)
        sums = rows.new_zeros(self.size, code.shape[1]).index_add_(0, index.flatten(), rows)
        self.replaced.add(sums, len(rows))

    def update_buffers(self) -> None:
        """Appendix A.1."""
        super().update_buffers()
        share, sums = self.used.mean, self.replaced.mean
        if share is None or sums is None:
            return
        kept, new = self.mean_decay, 1 - self.mean_decay
        m = kept * self.share[:, None] * self.vectors + new * sums
        self.share = kept * self.share + new * share
        used = (self.share > HARDLY_USED)[:, None]
        self.vectors = torch.where(used, m / self.share[:, None], self.vectors)
