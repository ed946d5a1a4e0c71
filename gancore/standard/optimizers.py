"""torch's optimizers as parts: with a schedule, a largest gradient norm, and the correction for lazy
updates.
"""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from gancore.component.interfaces import Optimizer, Schedule
from gancore.component.part import field, interface, part, seat
from gancore.component.validators import above, at_least, within
from gancore.standard.schedules import Constant

__all__ = ["SGD", "Adam", "AdamW", "RMSprop"]


def _floats(given: Any) -> Any:
    # torch's fused kernels refuse whole numbers here
    return tuple(float(b) for b in given) if isinstance(given, list | tuple) else given


def _two_betas(_: Any, attribute: Any, value: Any) -> None:
    if not (isinstance(value, tuple) and len(value) == 2 and all(0 <= b < 1 for b in value)):
        raise ValueError(f"{attribute.name} must be two numbers from 0 to below 1; got {value!r}")


@interface("optimizer")
class Scheduled(Optimizer):
    """What the optimizers here share."""

    lr: float = field(default=2e-4, validator=at_least(0), help="learning rate")
    max_norm: float = field(
        default=math.inf, validator=above(0), help="largest norm of the player's gradient; inf for none"
    )
    schedule: Schedule = seat(default=Constant, help="factor on the learning rate")

    @property
    def clip(self) -> float:
        """The largest norm of the player's gradient."""
        return self.max_norm

    def factor(self, images: int, total: int) -> float:
        """The schedule's factor at `images` of `total`."""
        value: float = self.schedule(images, total)
        return value


@part("adam")
class Adam(Scheduled):
    """Adaptive moment estimation.

    Paper: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1. The defaults are those of Radford et al. 2015
    (DCGAN), arXiv:1511.06434, section 4. Lazy updates: lr' = c·lr and β' = βᶜ, as in Karras et al. 2020
    (StyleGAN2), arXiv:1912.04958, appendix B.
    """

    betas: tuple[float, float] = field(
        default=(0.5, 0.999), converter=_floats, validator=_two_betas, help="decay of the moments"
    )
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the second moment")

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.Adam`, fused where the device has it."""
        moved = list(parameters)
        return torch.optim.Adam(
            moved, self.lr * rescale, _rescaled(self.betas, rescale), self.eps, fused=_fused(moved)
        )


@part("adamw")
class AdamW(Scheduled):
    """Adam with decoupled weight decay.

    Paper: Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2. Lazy updates: lr' = c·lr and β' = βᶜ, as
    in Karras et al. 2020 (StyleGAN2), arXiv:1912.04958, appendix B; the decay of a step scales with lr'.
    """

    betas: tuple[float, float] = field(
        default=(0.9, 0.999), converter=_floats, validator=_two_betas, help="decay of the moments"
    )
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the second moment")
    weight_decay: float = field(
        default=0.01, validator=at_least(0), help="decay of the weights, times the learning rate"
    )

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.AdamW`, fused where the device has it."""
        moved = list(parameters)
        betas = _rescaled(self.betas, rescale)
        return torch.optim.AdamW(
            moved, self.lr * rescale, betas, self.eps, self.weight_decay, fused=_fused(moved)
        )


@part("rmsprop")
class RMSprop(Scheduled):
    """Divides the gradient by a running average of its recent magnitude.

    Paper: Tieleman & Hinton 2012, Neural networks for machine learning, lecture 6.5. The learning rate is
    that of Arjovsky et al. 2017 (WGAN), arXiv:1701.07875, algorithm 1. Lazy updates: lr' = c·lr.
    """

    lr: float = field(default=5e-5, validator=at_least(0), help="learning rate")
    alpha: float = field(default=0.99, validator=within(0, 1), help="decay of the mean square")
    eps: float = field(default=1e-8, validator=at_least(0), help="added to the root of the mean square")
    momentum: float = field(default=0.0, validator=within(0, 1), help="momentum")

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.RMSprop`, on lists of tensors at a time."""
        return torch.optim.RMSprop(
            list(parameters), self.lr * rescale, self.alpha, self.eps, momentum=self.momentum, foreach=True
        )


@part("sgd")
class SGD(Scheduled):
    """Stochastic gradient descent with momentum (Robbins & Monro 1951; Polyak 1964). Lazy updates: lr' =
    c·lr.
    """

    lr: float = field(default=0.01, validator=at_least(0), help="learning rate")
    momentum: float = field(default=0.0, validator=within(0, 1), help="momentum")
    weight_decay: float = field(
        default=0.0, validator=at_least(0), help="weight of half the squared norm of the weights"
    )

    def make(self, parameters: Iterable[nn.Parameter], rescale: float = 1.0) -> torch.optim.Optimizer:
        """`torch.optim.SGD`, fused where the device has it."""
        moved = list(parameters)
        return torch.optim.SGD(
            moved, self.lr * rescale, self.momentum, weight_decay=self.weight_decay, fused=_fused(moved)
        )


def _rescaled(betas: tuple[float, float], rescale: float) -> tuple[float, float]:
    return betas[0] ** rescale, betas[1] ** rescale


def _fused(parameters: list[nn.Parameter]) -> bool:
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
