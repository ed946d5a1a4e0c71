"""Scores of images: a score reads a study and returns named values."""

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

import attrs

from gancore.component.part import Part, interface

if TYPE_CHECKING:
    from gancore.measure.study import Study

Better = Literal["lower", "higher", "neither"]
Need = Literal["classes", "labels", "pipeline", "encoder", "indices", "movable", "training", "pairs"]


@attrs.frozen
class Value:
    """A value, its standard error if known, which direction is better, and the value of a perfect model if it
    is known whatever the images.
    """

    value: float
    error: float | None = None
    better: Better = "neither"
    perfect: float | None = None


@interface("score")
class Score(Part):
    """A score: `(study)` → values by display name, such as `FD[emoji-1]`. Pure; draws only from `study.rng`.

    `needs` names what the study must provide: `classes` (the extractor classifies), `labels` (both sets have
    labels), `pipeline` (samples come from a pipeline that draws latents), `encoder` (the pipeline
    reconstructs images of the reference), `indices` (it does so from indices of a codebook), `movable` (its
    generator can move what it draws), `training` (the training images), `pairs` (images made of others, each
    with the image that it should be).
    """

    needs: ClassVar[frozenset[Need]] = frozenset()

    @abstractmethod
    def forward(self, study: "Study") -> dict[str, Value]:
        """The values.

        Raises:
            MeasureError: there are too few images for a meaningful value; the message says how many are
            needed.
        """
