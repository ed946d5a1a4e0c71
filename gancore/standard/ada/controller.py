"""The probability that follows how much the discriminator overfits, for every augmentation that adapts."""

import math
from typing import ClassVar

import torch
from torch import Tensor

from gancore.component.interfaces import Augment
from gancore.component.part import RunningMean, field, interface
from gancore.component.validators import above, whole, within


@interface("augment")
class Adaptive(Augment):
    """An augmentation with a probability p that follows the heuristic r_t = E sign(D(real)).

    Paper: Karras et al. 2020 (ADA), arXiv:2006.06676, section 3: r_t is evaluated every four updates of the
    discriminator. If it is above the target p rises, if below p falls, at a speed that takes p from 0 to 1 in
    500,000 images; p is never below 0 and starts there. As in the released code, r_t also averages over the
    passes of lazy R1, which sees the images of an update again (section 3 has only those of the updates); p
    moves by the images of the updates.
    """

    most: ClassVar[float] = math.inf
    """What p does not exceed."""
    target: float = field(
        default=0.6, validator=within(-1, 1), help="target of r_t, at which p stays constant"
    )
    speed: float = field(
        default=500_000.0, validator=above(0), help="images that take p from 0 to 1; fewer is faster"
    )
    interval: int = field(
        default=4, validator=whole(1), help="updates of the discriminator between two updates of p"
    )

    def build(self) -> None:
        """Starts with p at zero and no scores seen."""
        for name in ("p", "r", "diagnostics", "images", "repeats", "updates"):
            self.register_buffer(name, torch.zeros(()))
        self.seen, self.seen_again = RunningMean(), RunningMean()

    def later_weights(self) -> dict[str, Tensor]:
        """The number of images that a penalty scored again."""
        return {"repeats": torch.zeros_like(self.get_buffer("repeats"))}

    def observe(self, scores: Tensor) -> None:
        """Counts the signs of the scores of real images, `(N,)` or `(N, 1, h, w)`."""
        self.seen.add(signs(scores), len(scores))

    def observe_again(self, scores: Tensor) -> None:
        """The same for the separate pass of a penalty."""
        self.seen_again.add(signs(scores), len(scores))

    def update_buffers(self) -> None:
        """Adds the scores of one update, and moves p if it was the last of an interval."""
        p, r, total, images, repeats, updates = (
            self.get_buffer(name) for name in ("p", "r", "diagnostics", "images", "repeats", "updates")
        )
        if self.seen_again.total is not None:
            total += self.seen_again.total
            repeats += self.seen_again.count
        if self.seen.total is None:
            return
        total += self.seen.total
        images += self.seen.count
        updates += 1
        if updates >= self.interval:
            r.copy_(total / (images + repeats))
            p.add_((r - self.target).sign() * images / self.speed).clamp_(0, self.most)
            for buffer in (total, images, repeats, updates):
                buffer.zero_()

    def scalars(self) -> dict[str, Tensor]:
        """p, and r_t over the last interval."""
        return {"p": self.get_buffer("p"), "r": self.get_buffer("r")}


def signs(scores: Tensor) -> Tensor:
    """The sum over images of the mean sign of their scores."""
    return scores.detach().sign().reshape(len(scores), -1).mean(1).sum()
