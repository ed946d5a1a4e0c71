"""LeCam regularization of a discriminator."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from gancore import DiscriminatorRegularizer, RunningMean, field, part
from gancore.component.scored import Scored
from gancore.component.validators import at_least, below


@part("lecam")
class LeCam(DiscriminatorRegularizer):
    """Pulls the scores of real images towards the moving average of the scores of generated ones, and the
    other way round.

    Paper: Tseng et al. 2021, "Regularizing Generative Adversarial Networks under Limited Data",
    arXiv:2104.03310, section 3, the term R_LC with the anchors α_R and α_F. As in the authors' code λ is 0.3
    (BigGAN on CIFAR), and the averages are free of the bias of their start (StyleGAN2). Differences: the
    distances count on both sides of an anchor, as the paper has it (the code: on one side); the anchors move
    after the update, so the first update has none and no penalty.
    """

    weight: float = field(default=0.3, validator=at_least(0), help="the paper's λ")
    decay: float = field(
        default=0.99,
        validator=[at_least(0), below(1)],
        help="the paper's γ: how much of itself an anchor keeps in each update",
    )

    def build(self) -> None:
        """The anchors are buffers, so that a checkpoint holds them."""
        self.real_anchor: Tensor = nn.Buffer(torch.zeros(()))
        self.fake_anchor: Tensor = nn.Buffer(torch.zeros(()))
        self.updates: Tensor = nn.Buffer(torch.zeros(()))
        self.real_seen, self.fake_seen = RunningMean(), RunningMean()

    def forward(self, score: Callable[[Tensor], Tensor], real: Scored, fake: Scored) -> Tensor:
        """λ (E (D(x) - α_F)² + E (D(G(z)) - α_R)²)."""
        if self.training:
            self.real_seen.add(real.scores.sum(), real.scores.numel())
            self.fake_seen.add(fake.scores.sum(), fake.scores.numel())
        distance = (real.scores - self.fake_anchor).square().mean() + (
            fake.scores - self.real_anchor
        ).square().mean()
        return self.weight * (self.updates > 0) * distance

    def update_buffers(self) -> None:
        """Moves the anchors: α ← γ α + (1 - γ) v, divided by the weight that all v so far have together."""
        real, fake = self.real_seen.mean, self.fake_seen.mean
        if real is None or fake is None:
            return
        self.updates += 1
        share = (1 - self.decay) / (1 - self.decay**self.updates)
        self.real_anchor.lerp_(real.to(self.real_anchor), share)
        self.fake_anchor.lerp_(fake.to(self.fake_anchor), share)
