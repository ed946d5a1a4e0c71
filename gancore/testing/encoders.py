"""Checks of encoders, besides those of all networks."""

import torch

from gancore.component.interfaces import Encoder
from gancore.testing.check import check, ensure
from gancore.testing.excuses import reads_labels
from gancore.testing.forward import classes_of, inputs
from gancore.testing.trial import Trial


@check(Encoder)
def encodes_images(trial: Trial[Encoder]) -> None:
    """`code` gives one code for each image, float32, or int64 if it gives latents that are indices; the same
    in each call in eval mode.
    """
    part = trial.part.eval()
    given = inputs(trial, part)
    code = part.code(*given) if part.conditional else part.code(given[0])
    ensure(
        len(code) == trial.n and code.dtype in _dtypes(part),
        f"{trial.n} images give codes {tuple(code.shape)} of {code.dtype}",
    )
    again = part.code(*given) if part.conditional else part.code(given[0])
    ensure(torch.equal(again, code), "the same images give other codes in a second call")


def _dtypes(part: Encoder) -> set[torch.dtype]:
    return {torch.float32, torch.int64} if part.gives == "latent" else {torch.float32}


@check(Encoder, excuse=reads_labels)
def every_label_changes_what_it_encodes(trial: Trial[Encoder]) -> None:
    """A conditional encoder gives another code under another label."""
    part, classes = trial.part.eval(), classes_of(trial.part)
    image = inputs(trial, part, 1)[0].expand(classes, *part.image)
    codes = part.code(image, torch.arange(classes)).flatten(1)
    ensure(
        len(torch.unique(codes, dim=0)) == classes,
        "labels change no code, though `conditional` says that it reads them",
    )
