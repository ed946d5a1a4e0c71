"""Factors on the learning rate, counted in images seen."""

import math

from gancore.component.interfaces import Schedule
from gancore.component.part import field, part
from gancore.component.validators import whole, within

__all__ = ["Constant", "Cosine", "Linear"]


@part("constant")
class Constant(Schedule):
    """The learning rate stays as it is."""

    def forward(self, images: int, total: int) -> float:
        """1."""
        return 1.0


@part("linear")
class Linear(Schedule):
    """Rises linearly over `warm_up` images, stays for the share `constant` of the training, then falls
    linearly to `final` at its end.

    Paper: Zhu et al. 2017 (CycleGAN), arXiv:1703.10593, appendix 7.1: constant for 100 epochs, then linearly
    to zero over the next 100. The warm-up is that of Goyal et al. 2017, arXiv:1706.02677, section 2.2, from
    zero.
    """

    warm_up: int = field(default=0, validator=whole(0), help="images over which the rate rises from zero")
    constant: float = field(
        default=0.5, validator=within(0, 1), help="share of the training before the rate falls"
    )
    final: float = field(default=0.0, validator=within(0, 1), help="the factor at the end")

    def forward(self, images: int, total: int) -> float:
        """The factor at `images` of `total`; from the end on, `final`."""
        start = self.constant * total
        fallen = _share(images - start, total - start)
        return _warm(images, self.warm_up) * (1 + (self.final - 1) * fallen)


@part("cosine")
class Cosine(Schedule):
    """Rises linearly over `warm_up` images and falls along half a cosine to `final` at the end of the
    training.

    Paper: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts.
    """

    warm_up: int = field(default=0, validator=whole(0), help="images over which the rate rises from zero")
    final: float = field(default=0.0, validator=within(0, 1), help="the factor at the end")

    def forward(self, images: int, total: int) -> float:
        """The factor at `images` of `total`; from the end on, `final`."""
        height = (1 + math.cos(math.pi * _share(images, total))) / 2
        return _warm(images, self.warm_up) * (self.final + (1 - self.final) * height)


def _share(passed: float, length: float) -> float:
    return min(max(passed / length, 0.0), 1.0) if length > 0 else 0.0


def _warm(images: int, warm_up: int) -> float:
    return min(images / warm_up, 1.0) if warm_up else 1.0
