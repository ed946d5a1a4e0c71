"""A codebook without dead vectors."""

import torch
from torch import Tensor, nn

from gancore.component.part import RandomRows, RunningMean, field, part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import at_least, below, within
from gancore.standard.quantizers.usage import counts
from gancore.standard.quantizers.wrapper import BookWrapper


@part("revival")
class Revival(BookWrapper):
    """A quantizer whose dead vectors are replaced by vectors of the batch, drawn at random.

    As in Dhariwal et al. 2020 (Jukebox), arXiv:2005.00341, where a vector is dead when its moving average of
    use falls below a threshold. Here that is a fraction of 1/K, the use of all if they were used equally, so
    that it does not depend on the batch. A vector that was replaced, and each at first, counts as used so.

    Looked at after each update, over all its micro-batches and processes; vectors are drawn through
    `gancore.component.randomness`.
    """

    examples = ({"quantizer": {"part": "vector", "size": 5}},)

    threshold: float = field(
        default=0.1, validator=within(0, 1), help="fraction of 1/K below which a vector is dead"
    )
    mean_decay: float = field(
        default=0.99, validator=[at_least(0), below(1)], help="what the moving average of use keeps"
    )

    def build(self) -> None:
        """Makes the moving average, `(K,)`, of the use of each vector relative to 1/K. Raises FitError if the
        vectors cannot be replaced.
        """
        self.check_put()
        self.use: Tensor = nn.Buffer(torch.ones(self.codebook_size))
        self.used = RunningMean()
        self.some = RandomRows(self.codebook_size)

    def forward(self, code: Tensor) -> Quantized:
        """What the quantizer inside makes."""
        made = super().forward(code)
        if self.training:
            self.used.add(counts(made.indices, self.codebook_size), made.indices.numel())
            seen = self.seen(at_least_float32(code.detach()))
            self.some.add(seen.movedim(1, -1).reshape(len(seen), -1, seen.shape[1]))  # (N, S, D)
        return made

    def update_buffers(self) -> None:
        """Replaces the vectors that are dead after this update."""
        share, rows = self.used.mean, self.some.rows
        if share is None or rows is None:
            return
        self.use = self.mean_decay * self.use + (1 - self.mean_decay) * share * self.codebook_size
        dead = (self.use < self.threshold).nonzero()[: len(rows), 0]
        if len(dead):
            self.put(dead, rows[: len(dead)])
            self.use[dead] = 1
