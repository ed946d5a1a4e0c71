"""LeCam regularization of a discriminator."""

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from gancore.component.interfaces import DiscriminatorRegularizer
from gancore.component.part import RunningMean, field, part
from gancore.component.scored import Scored
from gancore.component.validators import at_least, below
from gancore.standard.regularizers import Score

__all__ = ["LeCam"]


@part("lecam")
class LeCam(DiscriminatorRegularizer):
    """Pulls scores of real images to the moving average of scores of generated ones, and the other way round,
    which helps where data are few.

    Paper: Tseng et al. 2021, arXiv:2104.03310, section 3: R_LC with the anchors α_R and α_F. λ is 0.3 as for
    BigGAN on CIFAR. With `one_sided` only distances beyond the anchor count, as in the authors' code.
    Differences: anchors are free of the bias of their start, and move after the update, so that the first
    update has no penalty.
    """

    weight: float = field(default=0.3, validator=at_least(0), help="the paper's λ")
    decay: float = field(
        default=0.99,
        validator=[at_least(0), below(1)],
        help="the paper's γ, what an anchor keeps of itself in an update",
    )
    one_sided: bool = field(
        default=False, help="count real scores above, and fake scores below, the other side's anchor alone"
    )

    def build(self) -> None:
        """Starts the anchors; they are buffers, so that checkpoints hold them."""
        self.real_anchor: Tensor = nn.Buffer(torch.zeros(()))
        self.fake_anchor: Tensor = nn.Buffer(torch.zeros(()))
        self.updates: Tensor = nn.Buffer(torch.zeros(()))
        self.real_seen, self.fake_seen = RunningMean(), RunningMean()

    def forward(self, score: Score, real: Scored, fake: Scored) -> Tensor:
        """λ (E (D(x) - α_F)² + E (D(G(z)) - α_R)²)."""
        if self.training:
            self.real_seen.add(real.scores.sum(), real.scores.numel())
            self.fake_seen.add(fake.scores.sum(), fake.scores.numel())
        above, below_it = real.scores - self.fake_anchor, self.real_anchor - fake.scores
        if self.one_sided:
            above, below_it = relu(above), relu(below_it)
        return self.weight * (self.updates > 0) * (above.square().mean() + below_it.square().mean())

    def update_buffers(self) -> None:
        """Moves the anchors: α ← γ α + (1 - γ) v, divided by the weight that all v so far have together."""
        real, fake = self.real_seen.mean, self.fake_seen.mean
        if real is None or fake is None:
            return
        self.updates += 1
        share = (1 - self.decay) / (1 - self.decay**self.updates)
        self.real_anchor.lerp_(real.to(self.real_anchor), share)
        self.fake_anchor.lerp_(fake.to(self.fake_anchor), share)
