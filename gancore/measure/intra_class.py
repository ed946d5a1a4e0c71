"""The Fréchet distance within each class."""

from torch import Tensor

from gancore.component.part import field, part
from gancore.errors import MeasureError
from gancore.measure.frechet import enough_for_covariance, frechet_distance, frechet_distance_of_few
from gancore.measure.moments import Moments
from gancore.measure.score import Score, Value
from gancore.measure.study import Side, Study


def intra_class_distances(
    real: Tensor, real_labels: Tensor, fake: Tensor, fake_labels: Tensor
) -> dict[int, float]:
    """The Fréchet distance between the rows `(N, D)` of each class, keyed by class.

    Paper: Miyato and Koyama 2018, arXiv:1802.05637, section 5 (intra FID).
    """
    return {
        k: _distance(real[real_labels == k], fake[fake_labels == k])
        for k in classes_of(real_labels, fake_labels)
    }


def classes_of(*labels: Tensor) -> list[int]:
    """Every class that occurs in labels int64 `(N,)`, in order."""
    return sorted({int(k) for several in labels for k in several.tolist()})


def _distance(real: Tensor, fake: Tensor) -> float:
    if min(len(real), len(fake)) > real.shape[1]:
        return frechet_distance(Moments.of(real), Moments.of(fake))
    return frechet_distance_of_few(real, fake)


@part("intra-class")
class IntraClass(Score):
    """The mean over classes of the Fréchet distance within a class: how well a model draws the class it is
    given.

    Paper: Miyato and Koyama 2018, arXiv:1802.05637, section 5. The classes are those in the labels of both
    sides. Raises MeasureError if a class has no images on one side, or not more than dimensions, unless
    `allow_few` is set. There is no standard error: classes are not a random sample.
    """

    needs = frozenset({"labels"})
    allow_few: bool = field(
        default=False, help="allow fewer images per class than the extractor has dimensions"
    )

    def forward(self, study: Study) -> dict[str, Value]:
        """`iFD[title]`, lower is better."""
        name = f"iFD[{study.title}]"
        real, fake = study.features("reference"), study.features("samples")
        real_labels, fake_labels = (class_labels(study, side, name) for side in ("reference", "samples"))
        for k in classes_of(real_labels, fake_labels):
            counts = {"reference": int((real_labels == k).sum()), "samples": int((fake_labels == k).sum())}
            _check(name, k, counts)
            enough_for_covariance(
                f"{name} within class {k}",
                real.shape[1],
                self.allow_few,
                reference=counts["reference"],
                samples=counts["samples"],
            )
        distances = intra_class_distances(real, real_labels, fake, fake_labels)
        return {name: Value(sum(distances.values()) / len(distances), better="lower", perfect=0)}


def class_labels(study: Study, side: Side, name: str) -> Tensor:
    """The class of each image of one side, int64 `(N,)`. Raises MeasureError if there is none."""
    labels = study.side(side).labels
    if labels is None or labels.dim() != 1:
        shape = "none" if labels is None else f"labels of {labels.shape[1]} numbers each"
        raise MeasureError(
            f"{name} needs the one class of each image (a whole number) in the {side}; "
            f"got {shape}: take labeled images"
        )
    return labels


def _check(name: str, k: int, counts: dict[str, int]) -> None:
    empty = [side for side, count in counts.items() if not count]
    if empty:
        raise MeasureError(
            f"{name}: class {k} is empty in the {empty[0]}; "
            "draw samples of every class, or leave it out of the reference"
        )
