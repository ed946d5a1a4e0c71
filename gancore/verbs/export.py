"""A pipeline as a file for other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from gancore.errors import UserError
from gancore.exporting import Chain, export_onnx, export_pipeline, export_torch
from gancore.pipeline import Pipeline
from gancore.progress import Progress, tell
from gancore.runs.folder import RunFolder
from gancore.verbs.loading import Run, load
from gancore.verbs.outputs import check_file, check_new_folder
from gancore.verbs.words import given, several

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2", "pipeline": ""}


@attrs.frozen
class Exported:
    """The written file: path, form, and the largest difference of its images from the pipeline's."""

    path: Path
    form: str
    difference: float

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return f"{self.path}: {self.form}; largest difference {self.difference:.2g}"


def export(
    run: Run,
    *,
    format: str | None = None,
    truncation: float | None = None,
    input: str | Sequence[str] | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Exported:
    """Exports a pipeline (latent and label to image) for other programs, and checks the written file.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        format: onnx, torch (torch.export), or pipeline (safetensors and JSON); default: given by the
            suffix of `output`, else onnx.
        truncation: truncation to build in: 1 for none; closer to 0: closer to the mean.
        input: truncation, noise, or both, to make inputs of the file.
        seed: seed of the built-in noise.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        output: file or new folder; default: named after the run, in the current folder.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    inputs = [] if input is None else several(input)
    format = _format(format, output)
    if unknown := set(inputs) - {"truncation", "noise"}:
        raise UserError(f"--input must be truncation or noise; got {', '.join(sorted(unknown))}")
    if format == "pipeline" and (inputs or truncation is not None or seed is not None):
        raise UserError(
            "an exported pipeline does not fix truncation and noise; omit --truncation, --input and --seed, "
            "or choose another --format"
        )
    if truncation is not None and "truncation" in inputs:
        raise UserError(
            "truncation is either built in or an input; give one of --truncation and --input truncation"
        )
    target = Path(output) if output is not None else _usual(run, format)
    (check_new_folder if format == "pipeline" else check_file)(target)
    chosen = load(run, pipeline)
    target.parent.mkdir(parents=True, exist_ok=True)
    progress(f"writing and checking {target}", 0, 0)
    if format == "pipeline":
        return Exported(target, "weights.safetensors and pipeline.json", export_pipeline(chosen, target))
    options = given(truncation=truncation, inputs=inputs or None, seed=seed)
    return _file(chosen, target, format, _recipe(run), options)


def _usual(run: Run, format: str) -> Path:
    name = "pipeline" if isinstance(run, Pipeline) else Path(run).resolve().name
    return Path(f"{name}{SUFFIXES[format] or '-pipeline'}")


def _format(format: str | None, output: Path | str | None) -> str:
    """The format that was asked for, or that the suffix of the output implies."""
    if format is not None and format not in SUFFIXES:
        raise UserError(f"--format must be one of {', '.join(SUFFIXES)}; got {format!r}")
    ending = "" if output is None else Path(output).suffix.lower()
    named = next((name for name, suffix in SUFFIXES.items() if suffix and suffix == ending), None)
    if format and named and format != named:
        raise UserError(
            f"{output} has the suffix of {named} files, but --format is {format}; "
            "omit --format, or give another name"
        )
    return format or named or "onnx"


def _file(pipeline: Pipeline, target: Path, format: str, recipe: str, options: dict[str, Any]) -> Exported:
    chain = Chain(pipeline, **options)
    write = {"onnx": export_onnx, "torch": export_torch}[format]
    shape = " × ".join(["N", *map(str, pipeline.generator.image)])
    off = write(chain, target, recipe=recipe)
    return Exported(target, f"{', '.join(chain.names)} → image {shape} in [-1, 1]", off)


def _recipe(run: Run) -> str:
    """The qualified name of the recipe of a run; empty for a pipeline."""
    if isinstance(run, Pipeline):
        return ""
    path = Path(run)
    folder = RunFolder.around(path) or RunFolder(path)
    return f"recipe/{folder.recipe_spec().get('part')}" if folder.recipe_file.is_file() else ""
