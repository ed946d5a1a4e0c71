"""The three phases of NoGAN, as a function of the images seen."""

import math

import attrs

from gancore.errors import UserError

__all__ = ["ADVERSARIAL", "DISCRIMINATOR", "GENERATOR", "NAMES", "Phases"]

GENERATOR, DISCRIMINATOR, ADVERSARIAL = range(3)
NAMES = ("the generator alone", "the discriminator alone", "the adversarial phase")


@attrs.frozen
class Phases:
    """Where the phases of a training of `total` images begin and end.

    Raises:
        UserError: the length of the training is not known.
    """

    total: int
    generator_share: float
    discriminator_share: float

    def __attrs_post_init__(self) -> None:
        if not self.total:
            raise UserError(
                "the phases of recipe/nogan are shares of the training, whose length is not known; "
                "give the images of the whole training"
            )

    @property
    def ends(self) -> tuple[int, int, int]:
        """The images after which each phase ends."""
        both = self.generator_share + self.discriminator_share
        return round(self.total * self.generator_share), round(self.total * both), self.total

    def span(self, phase: int) -> tuple[int, int]:
        """The images between which a phase lies."""
        return (0, *self.ends)[phase], self.ends[phase]

    def at(self, images: int) -> int:
        """The phase of a step that begins after so many images."""
        return min(sum(images >= end for end in self.ends), ADVERSARIAL)

    def passed(self, phase: int, images: int) -> float:
        """The share of a phase that has passed, from 0 to 1."""
        begin, end = self.span(phase)
        return min(max((images - begin) / max(end - begin, 1), 0.0), 1.0)

    def due(self, checks: int, before: int, images: int) -> bool:
        """Whether one of so many checks of the last phase lies within a step, at equal distances."""
        begin, end = self.span(ADVERSARIAL)
        every = max(1, (end - begin) // checks) if checks else 0
        return every > 0 and (before - begin) // every != (images - begin) // every

    def check(self, batch: int) -> None:
        """Raises UserError for a phase in which no step of `batch` images begins."""
        for phase, name in enumerate(NAMES):
            begin, end = self.span(phase)
            if math.ceil(begin / batch) * batch >= end:
                raise UserError(
                    f"recipe/nogan: {name} never begins: it lies between {begin:,} and {end:,} of "
                    f"{self.total:,} images, and no step of {batch} begins there; train on more images, give "
                    "a smaller batch, or change generator_share and discriminator_share"
                )
