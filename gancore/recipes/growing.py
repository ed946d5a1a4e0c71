"""The two-player recipe whose networks grow."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

from gancore.component.part import field, part
from gancore.component.validators import is_number, whole, within
from gancore.errors import FitError
from gancore.nn.growing import Growing, coarse, level_of
from gancore.recipes.base import Run
from gancore.recipes.batches import RealBatch
from gancore.recipes.gan import TwoPlayerGAN

Pairs = tuple[tuple[int, float], ...]


def _pairs(given: Any) -> Any:
    return (
        tuple(tuple(pair) if isinstance(pair, list) else pair for pair in given)
        if isinstance(given, list | tuple)
        else given
    )


def _rising(_: Any, attribute: Any, value: Any) -> None:
    pairs = isinstance(value, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in value)
    fine = pairs and all(is_number(number) and 0 < number < math.inf for pair in value for number in pair)
    if not fine or any(first[0] >= second[0] for first, second in pairwise(value)):
        raise ValueError(
            f"{attribute.name} must be pairs of a size and a number above 0, sizes rising, as [[8, 256], "
            f"[16, 128]]; got {value!r}"
        )


def by_size(default: Any, help: str = "") -> Any:
    """An option that is a table by size: pairs of a size and what holds from there on, sizes rising."""
    return field(default=default, converter=_pairs, validator=_rising, help=help)


@part("growing")
class GrowingGAN(TwoPlayerGAN):
    """The two-player GAN with networks that grow: the image size doubles repeatedly as new layers fade in.

    Paper: Karras et al. 2017 (ProGAN), arXiv:1710.10196, section 2, fig. 2 and appendix A.1: each size is
    trained for `stabilize` images, then the next one fades in over `fade` images with a weight α that rises
    linearly from 0 to 1; real images fade in the same way. Batch size and learning rate depend on the newest
    size. As in the released code (the paper does not say so), both optimizers are reset when layers begin to
    fade in and when they are fully in. Sizes refer to the shorter side.

    Differences: the stage is updated in every step, not in every fourth. If a training is too short to reach
    the full size within the fraction `grown_by` of its length, `stabilize` and `fade` are scaled down so that
    it does. Extending a training never goes back to a smaller size. A batch size given to the run applies to
    the full size, and those of smaller sizes scale with it. If only one network grows, the other one sees
    images of the same coarseness. A growing conditioner gets the stage too.

    Raises:
        FitError: neither network grows, their numbers of doublings differ, or the images are smaller than
            `starting_size`.
    """

    renamed: ClassVar[Mapping[str, str]] = {"stabilise": "stabilize"}

    starting_size: int = field(default=4, validator=whole(1), help="least shorter side of the first images")
    stabilize: int = field(
        default=600_000,
        validator=whole(0),
        help="images for which a size is trained before the next one fades in",
    )
    fade: int = field(default=600_000, validator=whole(0), help="images over which a size fades in")
    grown_by: float = field(
        default=0.5,
        validator=within(0, 1),
        help="fraction of the training by which the full size is reached at the latest",
    )
    batches: tuple[tuple[int, int], ...] = by_size(
        (), help="batch sizes from these sizes on, as [[8, 256], [16, 128]]; below: `batch`"
    )
    rates: Pairs = by_size(
        (), help="factors on the learning rate from these sizes on, as [[128, 1.5]]; below: 1"
    )

    def facts(self, seat: str) -> dict[str, Any]:
        """Growing networks also get the size to start from."""
        return {**super().facts(seat), "starting_size": self.starting_size}

    def check_grown(self) -> None:
        """Accepts partly grown networks: they continue to grow."""

    def build(self) -> None:
        """Checks that a network grows, from a size within the images, and both by as many doublings."""
        if not self.growing:
            raise FitError(
                f"neither {self.generator.qualified_name} nor {self.discriminator.qualified_name} grows; "
                f"use networks that do, such as generator/stylegan-growing, or the recipe two-player"
            )
        if len({network.doublings for network in self.growing}) > 1:
            raise FitError(
                f"{self.generator.qualified_name} doubles its smallest map {self.growing[0].doublings} "
                "times, "
                f"{self.discriminator.qualified_name} {self.growing[1].doublings} times; "
                "use networks that start from maps of the same size"
            )
        if self.starting_size > min(self.image[1:]):
            raise FitError(
                f"{self.qualified_name} starts with images of {self.starting_size} pixels, but these are "
                f"{self.image[1]}×{self.image[2]}, so that nothing would grow; give a smaller starting_size, "
                "or larger images"
            )
        super().build()

    @property
    def growing(self) -> list[Growing]:
        """The networks that grow."""
        return [network for network in (self.generator, self.discriminator) if isinstance(network, Growing)]

    @property
    def doublings(self) -> int:
        """The number of doublings from the smallest map to the full size."""
        return self.growing[0].doublings

    @property
    def stage(self) -> float:
        """The doublings in use; the fractional part is the weight of the newest while it fades in."""
        return max(float(network.stage) for network in self.growing)

    @property
    def batch_size(self) -> int:
        """The published batch size at the full size."""
        return self.batch_at(self.doublings) if self.built else self.batch

    def step(self, run: Run) -> None:
        """Grows, then algorithm 1."""
        self.grow(run)
        super().step(run)

    def grow(self, run: Run) -> None:
        """Sets the stage of the networks, and what depends on it."""
        before = self.stage
        for grown in (*self.growing, self.conditioner):
            if isinstance(grown, Growing):
                grown.stage.fill_(max(before, self.planned(run.images, run.total)))
        stage = self.stage
        turned = (math.floor(before), math.ceil(before)) != (math.floor(stage), math.ceil(stage))
        for player in ("discriminator", "generator"):
            if turned:
                run.restart(player)
            run.scale_lr(player, looked_up(self.rates, self.size(math.ceil(stage)), 1.0))
        run.log(stage=stage)

    def planned(self, images: int, total: int) -> float:
        """The stage at `images` of `total`; 0 means that the total is unknown."""
        first = level_of(self.starting_size, min(self.image[1:]), self.doublings)
        needed = (self.doublings - first) * (self.stabilize + self.fade)
        scale = min(1.0, self.grown_by * total / needed) if needed and total else 1.0
        return min(first + phases(images, self.stabilize * scale, self.fade * scale), float(self.doublings))

    def real_batch(self, run: Run) -> RealBatch:
        """The next batch, with the size and coarseness of this stage."""
        wanted, full = self.batch_at(math.ceil(self.stage)), self.batch_at(self.doublings)
        batch = run.batch(run.share(self.batch_fraction * wanted / full))
        return RealBatch(coarse(batch["image"], self.doublings, self.stage), batch.get("label"))

    def batch_at(self, level: int) -> int:
        """The published batch size at this number of doublings."""
        return int(looked_up(self.batches, self.size(level), self.batch))

    def size(self, level: int) -> int:
        """The shorter side of the images at this number of doublings."""
        return min(self.image[1:]) >> (self.doublings - level)


def phases(images: float, stabilize: float, fade: float) -> float:
    """The sizes added so far, a fraction while one fades in; infinite if phases have length 0."""
    if stabilize + fade <= 0:
        return math.inf
    added, since = divmod(images, stabilize + fade)
    return added + (max(since - stabilize, 0.0) / fade if fade else 0.0)


def looked_up(table: Pairs, size: int, below: float) -> float:
    """The table's value at its largest size that is at most `size`; `below` if there is none."""
    return next((value for start, value in reversed(table) if start <= size), below)
