"""Whether samples are of the class that was asked for."""

import math

from torch import Tensor

from gancore.component.part import part
from gancore.errors import MeasureError
from gancore.measure.inception_score import class_logits
from gancore.measure.intra_class import class_labels
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.study import Side, Study


def class_accuracy(logits: Tensor, labels: Tensor) -> float:
    """The fraction of rows `(N, K)` whose largest logit is that of their label, int64 `(N,)`."""
    return float((logits.argmax(1) == labels).double().mean())


@part("class-accuracy")
class ClassAccuracy(Score):
    """The fraction of samples that the extractor's classifier assigns to the class they were drawn for.

    Paper: Shmelkov et al. 2018 (How good is my GAN?), arXiv:1807.09499, section 3.2 (GAN-test). Perfect is
    the same fraction of the reference images: it is low if the classifier, or the extractor's list of
    classes, is not made for the data. The error is that of a fraction of N samples. Raises MeasureError if a
    label is none of the extractor's classes, or not a class, or images are fewer than classes.
    """

    needs = frozenset({"classes", "labels"})

    def forward(self, study: Study) -> dict[str, Value]:
        """`class accuracy[title]`, higher is better."""
        name = f"class accuracy[{study.title}]"
        fake, real = (self.accuracy(study, side, name) for side in ("samples", "reference"))
        error = math.sqrt(fake * (1 - fake) / len(study.side("samples")))
        return {name: Value(fake, error, "higher", perfect=real)}

    def accuracy(self, study: Study, side: Side, name: str) -> float:
        """The fraction of one side."""
        labels = class_labels(study, side, name)
        classes = study.extractor.classes
        need(name, classes, f"one for each of {classes} classes", **{side: len(labels)})
        if int(labels.max()) >= classes:
            raise MeasureError(
                f"{name} needs labels of the {classes} classes that the extractor knows; got "
                f"class {int(labels.max())} in the {side}: choose an extractor trained on these classes"
            )
        return class_accuracy(class_logits(study, side), labels)
