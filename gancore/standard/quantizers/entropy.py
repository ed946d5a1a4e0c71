"""A penalty that makes each choice sure, and all vectors used."""

import torch
from torch import Tensor, nn

from gancore.component.part import RunningMean, field, part
from gancore.component.precision import at_least_float32, without_autocast
from gancore.component.quantizer import Quantized
from gancore.component.validators import above, at_least, below
from gancore.standard.quantizers.entropies import entropy_of_means, mean_entropy
from gancore.standard.quantizers.wrapper import BookWrapper


@part("entropy-penalty")
class EntropyPenalty(BookWrapper):
    """A quantizer with one term more, `entropy`: E[H(q(z))] - H(E[q(z)]), of the softmax q over the vectors
    of -‖z - e‖² / temperature.

    As in Yu et al. 2023 (MAGVIT-v2), arXiv:2310.05737, for any quantizer with a book of vectors. H(E[q]) is
    no mean over images, so its gradient is taken at the moving average of E[q] over the updates before:
    micro-batches and processes then train as one whole batch does. All q are in memory, one for each vector
    of the code and of the book.
    """

    examples = ({"quantizer": {"part": "vector", "size": 5}},)

    weight: float = field(default=0.1, validator=at_least(0), help="weight of the penalty")
    diversity: float = field(default=1.0, validator=at_least(0), help="weight of H(E[q]) within it")
    temperature: float = field(default=1.0, validator=above(0), help="temperature of q")
    mean_decay: float = field(
        default=0.9, validator=[at_least(0), below(1)], help="what the moving average of q keeps"
    )

    def build(self) -> None:
        """Makes the moving average of q, `(K,)`."""
        size = self.codebook_size
        self.average: Tensor = nn.Buffer(torch.full((size,), 1 / size))
        self.chosen = RunningMean()

    def forward(self, code: Tensor) -> Quantized:
        """What the quantizer inside makes, with the term."""
        made = super().forward(code)
        log_q = self._log_q(self.seen(at_least_float32(code)))
        if self.training:
            self.chosen.add(log_q.exp().sum(0), len(log_q))
        penalty = mean_entropy(log_q) - self.diversity * entropy_of_means(log_q, self.average)
        return made._replace(terms={**made.terms, "entropy": self.weight * penalty})

    def _log_q(self, seen: Tensor) -> Tensor:
        rows, book = seen.movedim(1, -1).flatten(0, -2), at_least_float32(self.book())
        with without_autocast(rows):
            # |z - e|² without |z|², which is the same for all e
            far = book.square().sum(1) - 2 * rows @ book.T  # (N·S, K)
        return (-far / self.temperature).log_softmax(-1)

    def update_buffers(self) -> None:
        """The moving average of q."""
        if (mean := self.chosen.mean) is not None:
            self.average = self.mean_decay * self.average + (1 - self.mean_decay) * mean
