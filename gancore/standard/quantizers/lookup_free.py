"""Lookup-free quantization: the signs of a code."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.interfaces import Terms
from gancore.component.part import RunningMean, field, part
from gancore.component.precision import at_least_float32
from gancore.component.quantizer import Quantized
from gancore.component.validators import above, at_least, below
from gancore.standard.quantizers.entropies import entropy_of_means, mean_entropy
from gancore.standard.quantizers.implicit import check_size
from gancore.standard.quantizers.straight_through import straight_through
from gancore.standard.quantizers.usage import CountingQuantizer


@part("lfq")
class LookupFreeQuantizer(CountingQuantizer):
    """Each value becomes its sign: a code of D channels is one of 2ᴰ.

    Paper: Yu et al. 2023 (MAGVIT-v2), arXiv:2310.05737: the index of a code is Σ 2ⁱ 1[zᵢ > 0],
    and the entropy penalty E[H(q(z))] - H(E[q(z)]) makes each choice sure and all codes used. q chooses among
    ±1 in each channel by the softmax of -(z ± 1)² / temperature, as in released code; entropies are those of
    independent channels, summed up, which is exact for the first and a bound for the second.

    H(E[q]) is no mean over images, so its gradient is taken at the moving average of E[q] over the updates
    before: micro-batches and processes then train as one whole batch does. The term `commitment` is
    β ‖z - sg[sign z]‖². `quantizer/projected` fits any number of channels. The curves are those of
    `quantizer/vector`.

    Raises:
        FitError: there are too many codes to count.
    """

    examples = ({},)

    commitment: float = field(default=0.25, validator=at_least(0), help="β, weight of the commitment")
    entropy_weight: float = field(default=0.1, validator=at_least(0), help="weight of the entropy penalty")
    diversity: float = field(default=1.0, validator=at_least(0), help="weight of H(E[q]) within the penalty")
    temperature: float = field(default=0.01, validator=above(0), help="temperature of q")
    mean_decay: float = field(
        default=0.9, validator=[at_least(0), below(1)], help="what the moving average of q keeps"
    )

    @property
    def codebook_size(self) -> int:
        """2ᴰ."""
        return 1 << self.code[0]

    def build(self) -> None:
        """Makes the moving average, `(D,)`."""
        check_size(self)
        super().build()
        self.average: Tensor = nn.Buffer(torch.full((self.code[0],), 0.5))
        self.chosen = RunningMean()
        self.step: Tensor = nn.Buffer(2 ** torch.arange(self.code[0]), persistent=False)

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → signs, the indices `(N, *S)` and the terms."""
        rows = at_least_float32(code).movedim(1, -1)  # (N, *S, D)
        positive = rows > 0
        signs = positive.to(rows.dtype) * 2 - 1
        index = (positive * self.step).sum(-1)
        if self.training:
            self.count(index)
        quantized = straight_through(rows, signs).movedim(-1, 1)
        return Quantized(quantized, index, self._terms(rows, signs))

    def _terms(self, rows: Tensor, signs: Tensor) -> Terms:
        logits = 4 * rows.reshape(-1, rows.shape[-1]) / self.temperature  # log q(+1) - log q(-1)
        # the two choices in each channel, (N·S, D, 2)
        log_q = functional.logsigmoid(torch.stack([logits, -logits], -1))
        if self.training:
            self.chosen.add(log_q[..., 0].exp().sum(0), len(logits))
        average = torch.stack([self.average, 1 - self.average], -1)
        penalty = mean_entropy(log_q) - self.diversity * entropy_of_means(log_q, average)
        return {
            "commitment": self.commitment * functional.mse_loss(rows, signs),
            "entropy": self.entropy_weight * penalty,
        }

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → signs `(N, D, *S)`."""
        bits = index[..., None] // self.step % 2
        return (bits * 2 - 1).float().movedim(-1, 1)

    def update_buffers(self) -> None:
        """The curves, and the moving average of q."""
        super().update_buffers()
        if (mean := self.chosen.mean) is not None:
            self.average = self.mean_decay * self.average + (1 - self.mean_decay) * mean
