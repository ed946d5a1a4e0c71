"""The first stage of a run: where it lies, by what it is known, and whether it is still the same."""

import os
from typing import Any

from gancore.data.first_stage import FirstStage
from gancore.errors import GancoreError, RunError, UserError
from gancore.pipeline import Pipeline
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline
from gancore.runs.sources import absolute

Given = str | os.PathLike[str] | Pipeline
"""The folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`."""
SHOWN = 12
"""Digits of a hash that messages show."""


def first_stage(given: Given) -> FirstStage:
    """The first stage in a folder, or a copy of one that is given.

    Raises:
        RunError, CheckpointError: the folder holds no pipeline. FitError: as `FirstStage`.
    """
    if isinstance(given, Pipeline):
        return FirstStage(given.with_options({}))
    place = absolute(os.fspath(given))
    return FirstStage(load_pipeline(place), place)


def noted(stage: FirstStage) -> dict[str, Any]:
    """What `run.toml` keeps of a first stage."""
    return {"first_stage": {"place": stage.place, "sha256": stage.sha256}}


def first_stage_of(run: RunFolder, given: Given | None) -> tuple[FirstStage | None, dict[str, Any]]:
    """The first stage of a run that goes on, from the place where it was or from one that is given, and what
    is new in the table of the data; None if the run has none.

    Raises:
        RunError: it is not where it was, or has other weights than it had. UserError: the run has none, and
            one is given.
    """
    known = run.first_stage
    if not known:
        if given is not None:
            raise UserError(
                f"{run} was trained on images, without a first stage; omit it, or start a new run with it"
            )
        return None, {}
    if given is None and not known["place"]:
        raise RunError(
            f"the first stage of {run} was given in Python; pass it again: resume(folder, first_stage=…)"
        )
    stage = _opened(run, known["place"] if given is None else given)
    if stage.sha256 != known["sha256"]:
        raise RunError(
            f"{stage.title} is not the one that {run} was trained with: the hash of its weights is "
            f"{stage.sha256[:SHOWN]}, was {known['sha256'][:SHOWN]}, so that its codes are others; restore "
            "it, give its place with --first-stage, or start a new run"
        )
    return stage, {} if stage.place == known["place"] else noted(stage)


def _opened(run: RunFolder, place: Given) -> FirstStage:
    try:
        return first_stage(place)
    except GancoreError as error:
        raise RunError(
            f"the first stage of {run}: {error}; if it lies elsewhere now: "
            f"`gancore train --resume {run} --first-stage PLACE`"
        ) from None
