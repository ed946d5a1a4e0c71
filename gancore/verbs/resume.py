"""Continues a training that was stopped for any reason."""

import os
from pathlib import Path
from typing import Any

from gancore.console.watching import watching
from gancore.progress import Progress
from gancore.runs.first_stages import Given
from gancore.training import start
from gancore.training.loop import Training
from gancore.verbs.words import Changes, changes_of


def resume(
    folder: str | os.PathLike[str],
    data: Any = None,
    *,
    set: Changes = (),
    first_stage: Given | None = None,
    progress: Progress | bool = True,
    **settings: Any,
) -> Training:
    """Resumes a run from its newest intact checkpoint, bit-identically if nothing is changed.

    Args:
        folder: the run folder.
        data: where the same images and labels lie now, if they have moved; or the array that the run was
            trained on.
        set: options of the optimizers, losses and regularizers, by path: {"generator_optimizer.lr": 1e-5}.
        first_stage: where the same first stage lies now, if it has moved.
        progress: as for `train`.
        settings: `images` extends the training; other fields of `Settings` may change too, except seed,
            held-out images and the score of the best checkpoint.

    Raises:
        UserError: something cannot change in a run that has begun. RunError: the folder is not a run, or its
        data or its first stage has changed.
    """
    with watching(progress):
        return start.resume(Path(folder), data, set=changes_of(set), first_stage=first_stage, **settings)
