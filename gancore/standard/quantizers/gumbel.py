"""A choice among K vectors that is drawn, softly, from probabilities."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from gancore.component.part import field, part
from gancore.component.precision import at_least_float32, without_autocast
from gancore.component.quantizer import Quantized
from gancore.component.randomness import uniform
from gancore.component.validators import above, at_least, whole
from gancore.standard.quantizers.straight_through import straight_through
from gancore.standard.quantizers.usage import CountingQuantizer


@part("gumbel")
class GumbelQuantizer(CountingQuantizer):
    """Each vector becomes one of K that is drawn from probabilities, which a linear layer makes of it; the
    draw is relaxed by the Gumbel-softmax.

    Papers: Jang et al. 2016, arXiv:1611.01144; as in DALL-E (Ramesh et al. 2021, arXiv:2102.12092) and in
    VQGAN's released code, whose start and weight of KL these are. While training, the quantized map is that
    of the draw, with the gradient of the relaxed one (`hard`), or of the relaxed one itself, as in DALL-E. In
    eval mode it is the most probable vector. `temperature` may follow a schedule: DALL-E's falls from 1 to
    1/16.

    The term `kl` is the mean over places of KL(q || uniform) = Σ q log(K q). The curves are those of
    `quantizer/vector`.
    """

    examples = ({"size": 5},)

    size: int = field(default=512, validator=whole(2), help="number K of vectors")
    temperature: float = field(default=1.0, validator=above(0), help="temperature of the relaxation")
    kl_weight: float = field(default=5e-4, validator=at_least(0), help="weight of KL(q || uniform)")
    hard: bool = field(default=True, help="whether a draw while training is one of the vectors")

    @property
    def codebook_size(self) -> int:
        """K."""
        return self.size

    @property
    def idempotent(self) -> bool:
        """No: the linear layer reads codes, not vectors."""
        return False

    def build(self) -> None:
        """Makes the linear layer and the vectors, `(K, D)`."""
        super().build()
        self.linear = nn.Linear(self.code[0], self.size)
        self.vectors = nn.Parameter(torch.randn(self.size, self.code[0]))

    def forward(self, code: Tensor) -> Quantized:
        """`(N, D, *S)` → the quantized map, the indices `(N, *S)` and `kl`."""
        logits = at_least_float32(self.linear(code.movedim(1, -1)))  # (N, *S, K)
        choice = self._drawn(logits) if self.training else logits
        index = choice.argmax(-1)
        if self.training:
            self.count(index)
            with without_autocast(choice):  # as the map is when it is looked up
                quantized = at_least_float32(choice @ self.vectors).movedim(-1, 1)
        else:
            quantized = self.look_up(index)
        return Quantized(quantized, index, {"kl": self.kl_weight * self._kl(logits)})

    def look_up(self, index: Tensor) -> Tensor:
        """Indices `(N, *S)` → code maps `(N, D, *S)`."""
        return at_least_float32(functional.embedding(index, self.vectors)).movedim(-1, 1)

    def _drawn(self, logits: Tensor) -> Tensor:
        """`(N, *S, K)`, rows that sum to 1."""
        noise = uniform(len(logits), *logits.shape[1:], like=logits).clamp(min=1e-20)
        soft = ((logits - (-noise.log()).log()) / self.temperature).softmax(-1)
        if not self.hard:
            return soft
        return straight_through(soft, functional.one_hot(soft.argmax(-1), self.size).to(soft.dtype))

    def _kl(self, logits: Tensor) -> Tensor:
        log_q = logits.log_softmax(-1)
        return (log_q.exp() * (log_q + math.log(self.size))).sum(-1).mean()
