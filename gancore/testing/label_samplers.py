"""What samplers of labels promise."""

import torch

from gancore.component.interfaces import LabelSampler
from gancore.testing.assertions import ensure_repeatable, ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


def _has_classes(part: LabelSampler) -> str:
    return "" if part.classes else "the data have no labels here"


@check(LabelSampler, excuse=_has_classes)
def draws_labels(trial: Trial[LabelSampler]) -> None:
    """It draws int64 labels `(n,)` in 0 … K-1, or float32 `(n, K)`; also after it was told the
    frequencies.
    """
    classes = trial.part.classes
    for _ in range(2):
        made = trial.part(trial.n, rng=trial.rng())
        if made.dtype == torch.int64:
            ensure_shape(made, (trial.n,), "a batch of labels")
            ensure(
                bool(((made >= 0) & (made < classes)).all()),
                f"labels are {made.tolist()}, expected 0 to {classes - 1}",
            )
        else:
            ensure(
                made.dtype == torch.float32, f"labels are {made.dtype}, expected torch.int64 or torch.float32"
            )
            ensure_shape(made, (trial.n, classes), "a batch of labels")
        trial.part.learn([1.0 + k for k in range(classes)])


@check(LabelSampler, excuse=_has_classes)
def draws_labels_from_rng_alone(trial: Trial[LabelSampler]) -> None:
    """Equal generators give equal labels; the global generator is neither read nor moved."""
    ensure_repeatable(lambda: trial.part(16, rng=trial.rng()))
