"""Sets up evaluations: a run compared with its data, or any images compared with others."""

from pathlib import Path
from typing import Any

import attrs

from gancore.component.discovery import registry
from gancore.component.interfaces import Extractor
from gancore.component.weights import FILE
from gancore.data import Data, ImageOptions, Paired, Unpaired
from gancore.data.domains import Aligned
from gancore.errors import MeasureError, UserError
from gancore.latent.truncation import with_threshold
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.sets import DatasetImages, PipelineSamples
from gancore.measure.standing_statistics import has_batch_norm, with_standing_statistics
from gancore.measure.study import Study
from gancore.pipeline import Pipeline, check_truncation
from gancore.runs.folder import RunData, RunFolder
from gancore.runs.opening import find_pipeline, load_pipeline
from gancore.runs.settings import device_named
from gancore.runs.sources import open_source
from gancore.standard.averages import NoAverage
from gancore.storage.files import sha256
from gancore.training.entries import first_row, pairs, with_entries

COUNT = 10_000
"""The default number of samples, and the default maximum number of reference images."""


@attrs.frozen(kw_only=True)
class EvaluationRequest:
    """What the user wants evaluated, and how; None means not specified."""

    count: int = COUNT
    reference: int = COUNT
    seed: int = 0
    truncation: float = 1.0
    threshold: float | None = None
    standing: bool = False
    pipeline: str | None = None
    device: str | None = None
    against: str | None = None
    paired: bool = False
    options: dict[str, Any] = attrs.field(factory=dict)


def study_of_run(
    path: Path | str | RunFolder, extractor: Extractor | None, request: EvaluationRequest
) -> Study:
    """Samples of a trained run, or of one of its checkpoints, compared with its training images, or with
    others if requested.

    Raises:
        GancoreError: there is no pipeline, the data is missing, or the images do not fit.
    """
    source = RunFolder(path)
    run = RunFolder.around(source.path) or source
    folder = find_pipeline(source, request.pipeline)
    pipeline = load_pipeline(source, request.pipeline, request.device)
    seen = pipeline.images
    check_truncation(pipeline, request.truncation)
    if request.threshold is not None:
        pipeline = with_threshold(pipeline, request.threshold)
    data = _data(run, pipeline) if run.settings_file.is_file() else None
    reference = _reference_of_run(data, pipeline, request, run)
    applied = None if data is None or not pipeline.reads else data.held_out or data.training
    applied = _matched(applied, run) if request.paired else applied
    pipeline, batch_norm = _normalized(pipeline, request)
    sources = None if applied is None else DatasetImages(applied, entry=pipeline.reads)
    samples = PipelineSamples(
        pipeline,
        request.count,
        seed=request.seed,
        truncation=request.truncation,
        source=sources,
    )
    facts = {"run": run.path.resolve().name, "pipeline": folder.name}
    samples.facts |= facts | {"weights": _weights(run), "batch_norm": batch_norm}
    if request.threshold is not None:
        samples.facts |= {"threshold": request.threshold}
    return Study(
        samples,
        reference,
        _extractor(extractor, reference, request),
        pipeline=pipeline,
        training=None if data is None else DatasetImages(data.training, entry=pipeline.makes),
        held_out=None
        if data is None or data.held_out is None
        else DatasetImages(data.held_out, entry=pipeline.makes),
        sources=sources if pipeline.product == "translates" else None,
        pairs=None if applied is None else pairs(pipeline, applied, request.count, request.seed),
        seed=request.seed,
        checkpoint={"images": seen, "weights_sha256": sha256(folder / FILE)},
    )


def _matched(data: Data | None, run: RunFolder) -> Data:
    """Two domains that a run learned from without pairs, as pairs by file name; pairs as they are.

    Raises:
        DataError: names do not pair. UserError: the run did not learn from two domains.
    """
    if isinstance(data, Unpaired):
        return Paired(data.source, data.target)
    if isinstance(data, Aligned):
        return data
    raise UserError(f"--paired is for runs that learned from two domains; {run} did not; omit it")


def _data(run: RunFolder, pipeline: Pipeline) -> RunData | None:
    """The data of a run, with the entries that its recipe derives if the pipeline needs these."""
    data = run.data()
    if data is None or {pipeline.reads or pipeline.makes, pipeline.makes} <= set(first_row(data.training)):
        return data
    recipe = run.recipe()
    recipe.bind(seed=0, by=f"the data of {run}", facts=data.training.facts())
    held_out = None if data.held_out is None else with_entries(recipe, data.held_out)
    return RunData(with_entries(recipe, data.training), held_out)


def _reference_of_run(
    data: RunData | None, pipeline: Pipeline, request: EvaluationRequest, run: RunFolder
) -> DatasetImages:
    """The images to compare with: those requested, else what the run held out for the images that it works
    on, else the run's training images.
    """
    if request.against is not None:
        opened = _opened(request.against, pipeline.generator.image, request.options)
        reference, split = _reference(opened, request), "given images"
    elif data is not None and data.held_out is not None and pipeline.reads:
        reference, split = _reference(data.held_out, request, pipeline.makes), "held-out images"
    elif data is not None:
        reference, split = _reference(data.training, request, pipeline.makes), "training images"
    else:
        raise MeasureError(
            f"the training data of {run} is unknown; give images to compare with: --against FOLDER"
        )
    reference.facts |= {"split": split}
    return reference


def _normalized(pipeline: Pipeline, request: EvaluationRequest) -> tuple[Pipeline, str]:
    """The pipeline with the requested batch norm statistics, and a description of these."""
    if not has_batch_norm(pipeline):
        return pipeline, "none"
    if not request.standing:
        return pipeline, "running statistics"
    standing = with_standing_statistics(pipeline, seed=request.seed, truncation=request.truncation)
    return standing, "standing statistics"


def study_of_images(source: str, extractor: Extractor | None, request: EvaluationRequest) -> Study:
    """Image files compared with other images; the reference determines the size unless the user gives one.

    Raises:
        GancoreError: no reference was given, or the images do not fit.
    """
    if request.against is None:
        open_source(source, ImageOptions(**request.options))  # raises if there is nothing at `source`
        raise UserError(
            f"{source} is not a run: give images to compare it with: "
            f"`gancore evaluate {source} --against FOLDER`"
        )
    reference = _reference(open_source(request.against, ImageOptions(**request.options)), request)
    reference.facts |= {"split": "given images"}
    data = _opened(source, reference.image, {k: v for k, v in request.options.items() if k != "subset"})
    samples = DatasetImages(data, min(request.count, len(data)), seed=request.seed)
    return Study(samples, reference, _extractor(extractor, reference, request), seed=request.seed)


def _extractor(given: Extractor | None, reference: DatasetImages, request: EvaluationRequest) -> Extractor:
    """The given one, or the default one for the reference, on the device if one is named."""
    chosen = given or default_extractor(reference.image)
    return chosen if request.device is None else chosen.to(device_named(request.device))


def _reference(data: Data, request: EvaluationRequest, entry: str = "image") -> DatasetImages:
    return DatasetImages(data, min(request.reference, len(data)), seed=request.seed, entry=entry)


def _opened(source: str, image: tuple[int, int, int], options: dict[str, Any]) -> Data:
    return open_source(source, ImageOptions(**{"channels": image[0], "size": image[1:], **options}))


def _weights(run: RunFolder) -> str:
    """A description of the weights of a run's pipeline, for the protocol."""
    if not run.recipe_file.is_file():
        return "as saved"
    average = run.recipe_spec().get("average", NoAverage.name)
    cls = registry().find("average", average if isinstance(average, str) else str(average.get("part")))
    return "as trained" if cls is NoAverage else f"averaged: {cls.name}"
