"""Numbers over the course of a training, counted in images seen."""

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar, Literal

from gancore.component.interfaces import Schedule
from gancore.component.part import Seat, field, interface, part, seat
from gancore.component.validators import above, below, is_number, whole, within
from gancore.errors import FitError

__all__ = ["Constant", "Cosine", "Exponential", "Linear", "Piecewise", "WarmUp"]

_FINITE = within(-1e300, 1e300)


@part("constant")
class Constant(Schedule):
    """One number all the time."""

    value: float = field(default=1.0, validator=_FINITE, help="the number")

    def forward(self, images: int, total: int) -> float:
        """The number."""
        return self.value

    def extremes(self) -> Sequence[float]:
        """The number."""
        return (self.value,)


@interface("schedule")
class Ramp(Schedule):
    """What linear and cosine share: the way from `start` to `end` over some images."""

    renamed: ClassVar[Mapping[str, str]] = {"final": "end"}

    start: float = field(default=1.0, validator=_FINITE, help="the number at the beginning")
    end: float = field(default=0.0, validator=_FINITE, help="the number from the end on")
    over: int = field(
        default=0, validator=whole(0), help="images from the beginning to the end; 0: the whole training"
    )
    constant: float = field(
        default=0.0, validator=[within(0, 1), below(1)], help="share of these images before it begins to move"
    )
    warm_up: int = field(
        default=0, validator=whole(0), help="images over which all is scaled up from zero, linearly"
    )

    def forward(self, images: int, total: int) -> float:
        """The number at `images` of `total`; from the end on, `end`."""
        length = self.over or total
        begin = self.constant * length
        number = self.at(_share(images - begin, length - begin))
        # rounding may lead beyond an end, and so out of an option's range
        low, high = sorted((self.start, self.end))
        return _warm(images, self.warm_up) * min(max(number, low), high)

    def extremes(self) -> Sequence[float]:
        """Both ends, and zero if it warms up."""
        return (0.0, self.start, self.end) if self.warm_up else (self.start, self.end)

    def begins(self, total: int) -> float:
        """Where it begins to move."""
        return self.constant * (self.over or total)

    @abstractmethod
    def at(self, share: float) -> float:
        """The number after this share of the way, from 0 to 1."""


@part("linear")
class Linear(Ramp):
    """Moves from `start` to `end` in a straight line, after it has stayed for the share `constant`.

    Paper: as a factor on the learning rate, Zhu et al. 2017 (CycleGAN), arXiv:1703.10593, appendix 7.1:
    constant for 100 epochs, then linearly to zero over the next 100, which is `constant` = 0.5. The warm-up
    is that of Goyal et al. 2017, arXiv:1706.02677, section 2.2, from zero.
    """

    def at(self, share: float) -> float:
        """A straight line."""
        return self.start + (self.end - self.start) * share


@part("cosine")
class Cosine(Ramp):
    """Moves from `start` to `end` along half a cosine, after it has stayed for the share `constant`.

    Paper: Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts. The warm-up is a factor on
    it, so that the cosine begins at the first image; for one that begins after the warm-up, see
    schedule/warm-up.
    """

    def at(self, share: float) -> float:
        """Half a cosine."""
        height = (1 + math.cos(math.pi * share)) / 2
        return self.end + (self.start - self.end) * height


@part("exponential")
class Exponential(Schedule):
    """Begins at 1 and is multiplied by `factor` over each `images` images, down to `lowest`.

    As a factor on the learning rate it is that of Mirza & Osindero 2014, arXiv:1411.1784, section 4.1: 0.1,
    divided by 1.00004 with each update of 100 images down to 1e-6, which is `factor` = 1 / 1.00004, `images`
    = 100, `lowest` = 1e-5. It falls with each image, so that the size of the batch does not change it.
    """

    factor: float = field(default=0.5, validator=[above(0), within(0, 1)], help="what it is multiplied by")
    images: int = field(default=100_000, validator=whole(1), help="images over which it is multiplied once")
    lowest: float = field(default=0.0, validator=within(0, 1), help="the number that it does not fall below")

    def forward(self, images: int, total: int) -> float:
        """The number at `images`, whatever the total."""
        return float(max(self.lowest, self.factor ** (images / self.images)))

    def extremes(self) -> Sequence[float]:
        """The lowest number, and 1."""
        return (self.lowest, 1.0)


@part("warm-up")
class WarmUp(Schedule):
    """Moves from `start` to where another schedule begins, in a straight line, and then follows that one,
    which counts images from there on.

    Paper: Goyal et al. 2017, arXiv:1706.02677, section 2.2, the gradual warm-up.
    """

    start: float = field(default=0.0, validator=_FINITE, help="the number at the beginning")
    over: int = field(default=100_000, validator=whole(1), help="images of the warm-up")
    then: Seat[Schedule] = seat(default=Constant, help="what follows")

    def forward(self, images: int, total: int) -> float:
        """The number at `images` of `total`."""
        left = max(total - self.over, 0)
        if images >= self.over:
            return float(self.then(images - self.over, left))
        return self.start + (float(self.then(0, left)) - self.start) * images / self.over

    def extremes(self) -> Sequence[float]:
        """Those of what follows, and the start."""
        return (self.start, *self.then.extremes())

    def begins(self, total: int) -> float:
        """Where what follows begins to move."""
        return self.over + self.then.begins(max(total - self.over, 0))


def _points(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        return given
    return tuple(tuple(point) if isinstance(point, list) else point for point in given)


def _rising(_: Any, attribute: Any, value: Any) -> None:
    pairs = isinstance(value, tuple) and all(isinstance(point, tuple) and len(point) == 2 for point in value)
    fine = pairs and all(is_number(number) and math.isfinite(number) for point in value for number in point)
    if not (fine and value) or any(before[0] >= after[0] for before, after in pairwise(value)):
        raise ValueError(
            f"{attribute.name} must be pairs of images and a number, images rising, as "
            f"[[0, 1.0], [50_000, 0.1]]; got {value!r}"
        )


@part("piecewise")
class Piecewise(Schedule):
    """Through given points: numbers at given counts of images, and between two of them a straight line, half
    a cosine, or the number of the first. Before the first point it is as there, after the last as there.

    With `repeat` the last images up to the last point, at most all of them, come again and again. The
    discriminator steps of Arjovsky et al. 2017 (WGAN), arXiv:1701.07875, in its released code, for batches of
    64: 100 for the first 25 steps and in each 500th, else 5:

        discriminator_steps = { part = "piecewise", between = "constant", repeat = 166_080,
            points = [[0, 100], [160_000, 5], [312_000, 100], [318_400, 5], [478_080, 100]] }
    """

    examples = (
        {"points": ((0, 0.0), (10, 2.0), (500, 0.5))},
        {"points": ((5, 1.0), (400, -1.0)), "between": "cosine", "repeat": 200},
    )
    points: tuple[tuple[float, float], ...] = field(
        default=((0, 1.0),), converter=_points, validator=_rising, help="pairs of images and a number"
    )
    between: Literal["linear", "cosine", "constant"] = field(
        default="linear", help="what leads from one point to the next"
    )
    repeat: int = field(
        default=0, validator=whole(0), help="images before the last point that come again; 0 for none"
    )

    def build(self) -> None:
        """Checks that there is something to repeat."""
        if self.repeat > self.points[-1][0]:
            raise FitError(
                f"{self.qualified_name} repeats the {self.repeat} images before its last point, which is at "
                f"{self.points[-1][0]:g}; give a repeat of at most that, or a later point"
            )

    def forward(self, images: int, total: int) -> float:
        """The number at `images`, whatever the total."""
        last, place = self.points[-1][0], float(images)
        if self.repeat and images >= last:
            place = last - self.repeat + (images - last) % self.repeat
        before = [point for point in self.points if point[0] <= place][-1:] or self.points[:1]
        after = [point for point in self.points if point[0] > place][:1] or before
        (begin, low), (end, high) = before[0], after[0]
        return low + (high - low) * self._height(_share(place - begin, end - begin))

    def extremes(self) -> Sequence[float]:
        """The numbers at the points."""
        return [number for _, number in self.points]

    def _height(self, share: float) -> float:
        if self.between == "constant":
            return 0.0
        return share if self.between == "linear" else (1 - math.cos(math.pi * share)) / 2


def _share(passed: float, length: float) -> float:
    return min(max(passed / length, 0.0), 1.0) if length > 0 else 0.0


def _warm(images: int, warm_up: int) -> float:
    return min(images / warm_up, 1.0) if warm_up else 1.0
