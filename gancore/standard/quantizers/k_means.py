"""A codebook that starts from the data."""

import torch
from torch import Tensor, nn

from gancore.component.part import RandomRows, field, part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import whole
from gancore.standard.quantizers.nearest import nearest
from gancore.standard.quantizers.wrapper import BookWrapper

ROWS = 16
"""How many of a batch's vectors are looked at for each vector of the book."""


@part("k-means-start")
class KMeansStart(BookWrapper):
    """A quantizer whose vectors start as the centers of k-means among the vectors of the first batch.

    Paper: Zeghidour et al. 2021 (SoundStream), arXiv:2107.03312. The centers begin as vectors
    drawn at random, and Lloyd's iterations follow; they take effect after the first update. Where a batch has
    fewer vectors than the book, its vectors fill the book as far as they reach, and those of the next batches
    the rest.
    """

    examples = ({"quantizer": {"part": "vector", "size": 5}},)

    iterations: int = field(default=10, validator=whole(0), help="Lloyd's iterations", scheduled=False)

    def build(self) -> None:
        """Remembers how many vectors have started. Raises FitError if they cannot be chosen."""
        self.check_put()
        self.started: Tensor = nn.Buffer(torch.zeros((), dtype=torch.int64))
        self.some = RandomRows(ROWS * self.codebook_size)

    def forward(self, code: Tensor) -> Quantized:
        """What the quantizer inside makes."""
        if self.training and int(self.started) < self.codebook_size:
            seen = self.seen(at_least_float32(code.detach()))
            self.some.add(seen.movedim(1, -1).reshape(len(seen), -1, seen.shape[1]))  # (N, S, D)
        return super().forward(code)

    def update_buffers(self) -> None:
        """Starts vectors that have not started."""
        begin, size = int(self.started), self.codebook_size
        rows = self.some.rows
        if rows is None or begin >= size:
            return
        if begin == 0 and len(rows) >= size:
            centers = k_means(rows, rows[:size], self.iterations)
        else:
            centers = rows[: size - begin]
        self.put(torch.arange(begin, begin + len(centers), device=rows.device), centers)
        self.started.fill_(begin + len(centers))


def k_means(rows: Tensor, centers: Tensor, iterations: int) -> Tensor:
    """The centers `(K, D)` after some of Lloyd's iterations on rows `(M, D)`; one that is nearest to no row
    stays.
    """
    for _ in range(iterations):
        index = nearest(rows, centers)
        sums = torch.zeros_like(centers).index_add_(0, index, rows)
        sizes = torch.bincount(index, minlength=len(centers))[:, None]
        centers = torch.where(sizes > 0, sums / sizes.clamp(min=1), centers)
    return centers
