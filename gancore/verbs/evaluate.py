"""Scores of a run or of any images, with the protocol that they were made by."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import attrs

from gancore.component.interfaces import Extractor
from gancore.component.specs import build
from gancore.errors import UserError
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.grids import write_grids
from gancore.measure.score import Score
from gancore.measure.standard import standard_scores
from gancore.runs.folder import RunFolder
from gancore.runs.opening import is_model
from gancore.training.evaluating import EvaluationRequest, study_of_images, study_of_run
from gancore.verbs.outputs import check_file
from gancore.verbs.progress import Progress, silent
from gancore.verbs.words import given, several


def evaluate(
    run: str | os.PathLike[str],
    *,
    against: str | os.PathLike[str] | None = None,
    score: str | Score | Sequence[str | Score] | None = None,
    extractor: str | Extractor | None = None,
    weights: Path | str | None = None,
    count: int | None = None,
    reference: int | None = None,
    seed: int | None = None,
    truncation: float = 1.0,
    standing: bool = False,
    pipeline: str | None = None,
    size: Any = None,
    channels: int | None = None,
    subset: str | None = None,
    output: Path | str | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """Scores samples of a run beside the images it learned from, or any images beside others.

        result = gancore.evaluate("runs/0001-dcgan")
        print(result)
        result["FD"], result.row(), result.to_json()

    Args:
        run: a run folder, or images: a folder, zip, IDX or .npy file.
        against: images to compare with; left out: those the run learned from.
        score: scores by name, or as parts; left out: the standard ones, without those that cannot be given.
        extractor: of features, by name or as a part; left out: fashion for gray, emoji for RGB.
        weights: of an extractor that ships none, as inception-2015.
        count: samples to judge; left out: 10,000.
        reference: reference images to compare with, at most; left out: 10,000.
        seed: of everything random; left out: 0.
        truncation: 1 for none, towards 0 nearer to the mean.
        standing: batch norms by statistics of the samples, not of training.
        pipeline: which of several, as `backward`; left out: the first.
        size: height and width of given images: 64, "48x64" or (48, 64).
        channels: of given images: 1 gray, 3 RGB, 4 RGBA.
        subset: train or test, of an IDX folder.
        output: JSON file for scores and protocol; grids of a run go into RUN/pictures. Left out: nothing is
            written.
        progress: is told how far the work is.

    Raises:
        UserError: a name is unknown, or images have no reference. MeasureError: a score that was asked for
        cannot be given. RunError: there is no pipeline.
    """
    source, target = RunFolder(Path(run)), None if output is None else Path(output)
    if target is not None:
        check_file(target)
    if (count is not None and count < 2) or (reference is not None and reference < 2):
        raise UserError(f"--count and --reference are at least 2 images; got {count} and {reference}")
    of_run = is_model(source.path)
    request = EvaluationRequest(
        **given(count=count, reference=reference, seed=seed),
        truncation=truncation,
        standing=standing,
        pipeline=pipeline,
        against=None if against is None else str(against),
        options=given(size=size, channels=channels, subset=subset),
    )
    chosen = _extractor(extractor, weights)
    study = study_of_run(source, chosen, request) if of_run else study_of_images(str(run), chosen, request)
    progress(f"{study.title} on {len(study.samples)} samples and {len(study.reference)} images", 0, 0)
    found = score_study(study, _scores(score), strict=bool(score))
    if target is None:
        return found
    found.save(target)
    grids = write_grids(study, source) if of_run else []
    return attrs.evolve(found, files=(target, *grids))


def _extractor(name: str | Extractor | None, weights: Path | str | None) -> Extractor | None:
    if isinstance(name, Extractor):
        return name
    if name is None:
        if weights is not None:
            raise UserError("--weights belongs to an extractor; name it too, as --extractor inception-2015")
        return None
    table = {"part": name} | ({} if weights is None else {"weights": str(weights)})
    return cast(Extractor, build(table, "extractor"))


def _scores(wanted: str | Score | Sequence[str | Score] | None) -> list[Score]:
    if not wanted:
        return standard_scores()
    each = [wanted] if isinstance(wanted, Score) else several(wanted)
    return [one if isinstance(one, Score) else cast(Score, build({"part": one}, "score")) for one in each]
