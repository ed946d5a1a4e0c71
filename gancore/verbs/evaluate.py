"""Scores of a run or of any images, with the evaluation protocol."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import attrs

from gancore.component.interfaces import Extractor
from gancore.component.specs import build
from gancore.errors import UserError
from gancore.measure.anchors import anchors
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.grids import NEIGHBORS_NAME, shows_neighbors, write_grids
from gancore.measure.score import Score
from gancore.measure.standard import standard_scores
from gancore.measure.study import Study
from gancore.progress import Progress, listening, tell
from gancore.runs.folder import RunFolder
from gancore.runs.opening import is_model
from gancore.training.evaluating import EvaluationRequest, study_of_images, study_of_run
from gancore.verbs.outputs import check_file
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
    threshold: float | None = None,
    standing: bool = False,
    pipeline: str | None = None,
    device: str | None = None,
    paired: bool = False,
    size: Any = None,
    channels: int | None = None,
    subset: str | None = None,
    output: Path | str | None = None,
    each: Callable[[Evaluation], Any] | None = None,
    progress: Progress = tell,
) -> Evaluation:
    """Scores samples of a run against its training data, or any images against others.

        result = gancore.evaluate("runs/0001-dcgan")
        print(result)
        result["FD"], result.row(), result.to_json()

    Args:
        run: a run folder or one of its checkpoints, or images: a folder, zip, IDX or .npy file.
        against: reference images; default: the training data of the run.
        score: scores, by name or as parts; default: the standard ones that can be computed.
        extractor: feature extractor, by name or as a part; default: fashion for gray, emoji for RGB.
        weights: weights of an extractor that ships without, e.g. inception-2015.
        count: samples to score; default: 10,000.
        reference: reference images to use, at most; default: 10,000.
        seed: random seed; default: 0.
        truncation: 1 for none; values closer to 0 move images toward the mean.
        threshold: largest magnitude of a coordinate of the latents; larger ones are drawn again (BigGAN).
        standing: use batch statistics of the samples in batch norm, not those of training.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        device: auto, cpu, cuda, cuda:1 or mps, for the run's networks and the extractor; default: cpu, or
            where a given extractor is.
        paired: match the held-out images of two domains by file name, and compare translations with the
            images that they should be, although the run learned without pairs.
        size: height and width of the given images: 64, "48x64" or (48, 64).
        channels: of the given images; 1: gray, 3: RGB, 4: RGBA.
        subset: train or test, for an IDX folder.
        output: JSON file for scores and protocol; grids of a run are written beside it, or to RUN/pictures if
            the file lies in RUN/scores. The file is written anew after each score. By default, nothing is
            written.
        each: called after each score with the evaluation so far; the scores to come are left out of it.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: a name is unknown, or images have no reference. MeasureError: a requested score cannot be
        computed. RunError: the folder holds no pipeline.
    """
    source, target = RunFolder(Path(run)), None if output is None else Path(output)
    if target is not None:
        check_file(target)
        if target.suffix.lower() != ".json":
            raise UserError(f"scores are saved as .json files; got {target}")
    if (count is not None and count < 2) or (reference is not None and reference < 2):
        raise UserError(f"--count and --reference must be at least 2; got {count} and {reference}")
    of_run = is_model(source.path)
    request = EvaluationRequest(
        **given(count=count, reference=reference, seed=seed),
        truncation=truncation,
        threshold=threshold,
        standing=standing,
        pipeline=pipeline,
        device=device,
        against=None if against is None else str(against),
        paired=paired,
        options=given(size=size, channels=channels, subset=subset),
    )
    chosen = _extractor(extractor, weights)
    tell(f"opening {source}")
    if paired and not of_run:
        raise UserError("--paired is for runs of translators; omit it")
    study = study_of_run(source, chosen, request) if of_run else study_of_images(str(run), chosen, request)
    keep = partial(_keep, target, each)
    with listening(progress):
        scores = _scores(score)
        found = score_study(study, scores, strict=bool(score), each=keep)
        tell("the same scores of real images and of noise")
        found = attrs.evolve(found, anchors=anchors(study, scores))
        if target is None:
            return found
        found.save(target)
        grids = _grids(study, source, target, scores) if of_run else []
    return attrs.evolve(found, files=(target, *grids))


def _keep(target: Path | None, each: Callable[[Evaluation], Any] | None, so_far: Evaluation) -> None:
    """Whatever stops the evaluation later, this much of it is in the file."""
    if target is not None:
        so_far.save(target)
    if each is not None:
        each(so_far)


def _grids(study: Study, run: RunFolder, target: Path, scores: Sequence[Score]) -> list[Path]:
    """Into the folder of the run where the scores are, else beside the scores."""
    if not run.exists or target.resolve().parent != run.scores_folder.resolve():
        return write_grids(study, lambda name: target.with_name(f"{target.stem}-{name}.png"), scores)
    run.pictures_folder.mkdir(exist_ok=True)
    if study.training is not None and shows_neighbors(study, scores):
        run.note_picture(NEIGHBORS_NAME, {"images": len(study.training), "extractor": study.title})
    return write_grids(study, run.new_picture, scores)


def _extractor(name: str | Extractor | None, weights: Path | str | None) -> Extractor | None:
    if isinstance(name, Extractor):
        return name
    if name is None:
        if weights is not None:
            raise UserError("--weights needs an extractor; name it, e.g. --extractor inception-2015")
        return None
    table = {"part": name} | ({} if weights is None else {"weights": str(weights)})
    return cast(Extractor, build(table, "extractor"))


def _scores(wanted: str | Score | Sequence[str | Score] | None) -> list[Score]:
    if not wanted:
        return standard_scores()
    each = [wanted] if isinstance(wanted, Score) else several(wanted)
    return [one if isinstance(one, Score) else cast(Score, build({"part": one}, "score")) for one in each]
