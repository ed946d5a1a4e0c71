"""Checks of label samplers."""

import torch

from gancore.component.interfaces import LabelSampler
from gancore.testing.assertions import ensure_repeatable, ensure_shape
from gancore.testing.check import check, ensure
from gancore.testing.trial import Trial


def _has_classes(part: LabelSampler) -> str:
    return "" if part.classes else "the data have no labels here"


@check(LabelSampler, excuse=_has_classes)
def draws_labels(trial: Trial[LabelSampler]) -> None:
    """It draws labels of the shape that it was told: int64 `(n,)` in 0 … K-1, or float32 `(n, K)`; also after
    it was given the labels of the data.
    """
    classes, shape = trial.part.classes, tuple(trial.part.label_shape)
    expected = torch.float32 if shape else torch.int64
    for _ in range(2):
        made = trial.part(trial.n, rng=trial.rng())
        ensure(
            made.dtype == expected,
            f"labels are {made.dtype}, expected {expected} where label_shape is {shape}",
        )
        ensure_shape(made, (trial.n, *shape), "a batch of labels")
        ensure(
            bool(shape or ((made >= 0) & (made < classes)).all()),
            f"labels are {made.tolist()}, expected 0 to {classes - 1}",
        )
        trial.part.learn(_given(trial))


@check(LabelSampler, excuse=_has_classes)
def keeps_labels_in_its_state(trial: Trial[LabelSampler]) -> None:
    """What `learn` was given is in the state dict: one that loads it draws the same labels."""
    trial.part.learn(_given(trial))
    again = trial.fresh()
    again.load_state_dict(trial.part.state_dict())
    ensure(
        torch.equal(again(16, rng=trial.rng()), trial.part(16, rng=trial.rng())),
        "loaded from the state dict it draws other labels; keep what it learns in buffers of a fixed shape",
    )


def _given(trial: Trial[LabelSampler]) -> torch.Tensor:
    if trial.part.label_shape:
        return trial.label_rows(trial.part.classes, 5)
    return torch.arange(trial.part.classes).repeat(2)[1:]


@check(LabelSampler, excuse=_has_classes)
def draws_labels_from_rng_alone(trial: Trial[LabelSampler]) -> None:
    """Equal generators give equal labels; the global generator is neither used nor advanced."""
    ensure_repeatable(lambda: trial.part(16, rng=trial.rng()))
