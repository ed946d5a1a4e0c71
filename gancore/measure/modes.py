"""Which classes the samples fall into, and how often."""

import torch
from torch import Tensor

from gancore.component.part import part
from gancore.measure.inception_score import class_logits
from gancore.measure.picking import need
from gancore.measure.score import Score, Value
from gancore.measure.study import Side, Study


def class_balance(fake: Tensor, real: Tensor) -> float:
    """KL(fake ‖ real) of class frequencies, from counts `(K,)`, in nats: 0 if they are equal.

    A class missing on the real side counts there as half an image, which keeps the value finite.
    """
    p, q = fake.double(), torch.where(real > 0, real.double(), 0.5)
    q = torch.where((real > 0) | (fake > 0), q, 0.0)
    p, q = p / p.sum(), q / q.sum()
    return float(torch.where(p > 0, p * (p / q).log(), 0.0).sum().clamp(min=0))


def class_counts(study: Study, side: Side) -> Tensor:
    """The number of images of one side that the extractor assigns to each class: `(K,)`."""
    return torch.bincount(class_logits(study, side).argmax(1), minlength=study.extractor.classes)


@part("modes")
class Modes(Score):
    """The number of classes among the samples, and how far their frequencies are from the reference's.

    These are the number of modes and the reverse KL divergence over modes of Lin et al. 2018 (PacGAN),
    arXiv:1712.04086, section 4, used there on stacked MNIST digits. The class of an image is the extractor's
    most likely one on both sides, so its mistakes cancel.
    """

    needs = frozenset({"classes"})

    def forward(self, study: Study) -> dict[str, Value]:
        """`modes[title]` (higher is better) and `class balance[title]` (lower is better, in nats)."""
        classes = study.extractor.classes
        for side in ("reference", "samples"):
            need(
                f"modes[{study.title}]",
                classes,
                f"one for each of {classes} classes",
                **{side: len(study.side(side))},
            )
        fake, real = class_counts(study, "samples"), class_counts(study, "reference")
        return {
            f"modes[{study.title}]": Value(float((fake > 0).sum()), better="higher"),
            f"class balance[{study.title}]": Value(class_balance(fake, real), better="lower", perfect=0),
        }
