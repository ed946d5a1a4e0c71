"""torch's optimizers as parts, with a schedule, gradient clipping, and a correction for lazy updates.

A lazy penalty, applied in a separate update at each k-th step and scaled by k, adds updates to those of the
main loss, which are then a fraction c of all. The weights should move, and the optimizer's state should
decay, as if the penalty were part of the main updates. The correction that this requires depends on the
optimizer:

* Adam, AdamW and RMSprop divide by the root of a mean square, so a step is about as long as the learning rate
whatever the scale of its gradient: 1/c times as many steps go 1/c times as far. lr' = c·lr, and each mean
keeps βᶜ
  (Karras et al. 2019 (StyleGAN2), arXiv:1912.04958, appendix B, for Adam).
* SGD's steps are proportional to the gradient, and the lazy gradient is k times that of each of the k steps
that it replaces: the sums are already right, and lr is unchanged.
* Momentum μ, which accumulates velocities, eventually moves the weights by lr / (1 - μ) for each unit of
gradient.
  μ' = μᶜ decays as before, and lr' = lr (1 - μᶜ) / (1 - μ) goes as far as before; it is lr for μ = 0, and
  near c·lr for μ near 1.
* Weight decay that is added to the gradient counts once per update, so it is multiplied by c. AdamW's is
multiplied by lr', which already contains the factor.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from gancore.component.interfaces import Optimizer, Schedule
from gancore.component.part import Seat, field, interface, part, seat
from gancore.component.validators import above, at_least, is_number, within
from gancore.standard.schedules import Constant

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]


def _floats(given: Any) -> Any:
    # torch's fused kernels do not accept integers here
    if not isinstance(given, list | tuple):
        return given
    return tuple(float(b) if is_number(b) else b for b in given)


def _two_betas(_: Any, attribute: Any, value: Any) -> None:
    if not (isinstance(value, tuple) and len(value) == 2 and all(is_number(b) and 0 <= b < 1 for b in value)):
        raise ValueError(f"{attribute.name} must be two numbers in [0, 1); got {value!r}")


@interface("optimizer")
class Scheduled(Optimizer):
    """The base of the optimizers here."""

    lr: float = field(default=2e-4, validator=at_least(0), help="learning rate")
    max_norm: float = field(
        default=math.inf, validator=above(0), help="maximum norm of the player's gradient; inf: no clipping"
    )
    schedule: Seat[Schedule] = seat(default=Constant, help="factor on the learning rate")

    def build(self) -> None:
        """Checks that the schedule never makes the learning rate negative."""
        lowest = min(self.schedule.extremes())
        if lowest < 0:
            raise ValueError(
                f"the factors of {self.schedule.qualified_name} on the learning rate must be numbers, "
                f"at least 0; got {lowest:g}"
            )

    @property
    def clip(self) -> float:
        """The maximum norm of the player's gradient."""
        return self.max_norm

    def factor(self, images: int, total: int) -> float:
        """The schedule's factor at `images` of `total`."""
        value: float = self.schedule(images, total)
        return value


@part("adam")
class Adam(Scheduled):
    """Adaptive moment estimation.

    Paper: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1. The defaults are those of Radford et al. 2015
    (DCGAN), arXiv:1511.06434, section 4. Lazy updates: lr' = c·lr and β' = βᶜ, as in Karras et al. 2019
    (StyleGAN2), arXiv:1912.04958, appendix B.
    """

    betas: tuple[float, float] = field(
        default=(0.5, 0.999), converter=_floats, validator=_two_betas, help="decay of the moments"
    )
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the second moment")

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.Adam`, fused if the device supports it."""
        moved = list(parameters)
        return torch.optim.Adam(
            moved, self.lr * rescale, _rescaled(self.betas, rescale), self.eps, fused=_fused(moved)
        )


@part("adamw")
class AdamW(Scheduled):
    """Adam with decoupled weight decay.

    Paper: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2. Lazy updates: lr' = c·lr and β' = βᶜ, as
    in Karras et al. 2019 (StyleGAN2), arXiv:1912.04958, appendix B; the decay of a step scales with lr'.
    """

    betas: tuple[float, float] = field(
        default=(0.9, 0.999), converter=_floats, validator=_two_betas, help="decay of the moments"
    )
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the second moment")
    weight_decay: float = field(
        default=0.01, validator=at_least(0), help="decay of the weights, times the learning rate"
    )

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.AdamW`, fused if the device supports it."""
        moved = list(parameters)
        betas = _rescaled(self.betas, rescale)
        return torch.optim.AdamW(
            moved, self.lr * rescale, betas, self.eps, self.weight_decay, fused=_fused(moved)
        )


@part("rmsprop")
class RMSprop(Scheduled):
    """Divides the gradient by a running average of its recent magnitude.

    Paper: Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5. The learning rate is
    that of Arjovsky et al. 2017 (WGAN), arXiv:1701.07875, algorithm 1. Lazy updates: α' = αᶜ, momentum μ' =
    μᶜ and lr' = c·lr (1 - μᶜ) / (1 - μ), which is c·lr without momentum.
    """

    lr: float = field(default=5e-5, validator=at_least(0), help="learning rate")
    alpha: float = field(default=0.99, validator=within(0, 1), help="decay of the mean square")
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the mean square")
    momentum: float = field(default=0.0, validator=within(0, 1), help="momentum")

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.RMSprop`, in its foreach implementation."""
        lr, momentum = _with_momentum(self.lr * rescale, self.momentum, rescale)
        return torch.optim.RMSprop(
            list(parameters), lr, self.alpha**rescale, self.eps, momentum=momentum, foreach=True
        )


@part("sgd")
class SGD(Scheduled):
    """Stochastic gradient descent with momentum (Robbins & Monro 1951; Polyak 1964).

    Lazy updates: without momentum μ, lr is unchanged; with it, μ' = μᶜ and lr' = lr (1 - μᶜ) / (1 - μ). The
    weight decay is multiplied by c.
    """

    lr: float = field(default=0.01, validator=at_least(0), help="learning rate")
    momentum: float = field(default=0.0, validator=within(0, 1), help="momentum")
    weight_decay: float = field(
        default=0.0, validator=at_least(0), help="weight of half the squared norm of the weights"
    )

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.SGD`, fused if the device supports it."""
        moved = list(parameters)
        lr, momentum = _with_momentum(self.lr, self.momentum, rescale)
        return torch.optim.SGD(
            moved, lr, momentum, weight_decay=self.weight_decay * rescale, fused=_fused(moved)
        )


def _rescaled(betas: tuple[float, float], rescale: float) -> tuple[float, float]:
    return betas[0] ** rescale, betas[1] ** rescale


def _with_momentum(lr: float, momentum: float, rescale: float) -> tuple[float, float]:
    """The learning rate and the momentum μᶜ that, with 1/c times as many updates, decays as μ does and moves
    the weights equally far: lr / (1 - μ) in total.
    """
    faded = momentum**rescale
    return lr * (rescale if momentum == 1 else (1 - faded) / (1 - momentum)), faded


def _fused(parameters: list[nn.Parameter]) -> bool:
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
