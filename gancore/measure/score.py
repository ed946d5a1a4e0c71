"""What judges images: a score reads a study and gives named values."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from gancore.component.part import Part, interface

if TYPE_CHECKING:
    from gancore.measure.study import Study

Better = Literal["lower", "higher", "neither"]
Need = Literal["classes", "labels", "pipeline", "encoder", "movable", "training"]


@attrs.frozen
class Value:
    """One number, its standard error where it is known, and which way is better."""

    value: float
    error: float | None = None
    better: Better = "neither"


@interface("score")
class Score(Part):
    """A judgment: `(study)` → values by the names that people read, as `FD[emoji-1]`. Pure; draws from
    `study.rng` alone.

    `needs` names what a study must hold for it: `classes` (the extractor tells classes apart), `labels` (both
    sets have labels), `pipeline` (samples come from a pipeline that draws latents), `encoder` (the pipeline
    has one), `movable` (its generator can move what it draws), `training` (the images it was trained on).
    """

    needs: ClassVar[frozenset[Need]] = frozenset()

    @abstractmethod
    def forward(self, study: "Study") -> dict[str, Value]:
        """The values.

        Raises:
            MeasureError: too few images for a value that means something; it says how many are needed.
        """
