"""A pipeline as a file for other programs."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import attrs

from gancore.component.weights import FILE
from gancore.errors import UserError
from gancore.exporting import Chain, export_onnx, export_pipeline, export_torch
from gancore.pictures.card import write_card
from gancore.pipeline import Pipeline
from gancore.progress import Progress, tell
from gancore.runs.folder import RunFolder
from gancore.storage.files import replace_folder, whole_file
from gancore.storage.names import SAVED
from gancore.verbs.loading import Run, load
from gancore.verbs.outputs import check_file, check_new_folder
from gancore.verbs.words import given, several

SUFFIXES = {"onnx": ".onnx", "torch": ".pt2", "pipeline": ""}
ZIP = ".zip"


@attrs.frozen(repr=False)
class Exported:
    """The written file: path, form, and the largest difference of its images from the pipeline's."""

    path: Path
    form: str
    difference: float

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return f"{self.path}: {self.form}; largest difference {self.difference:.2g}"

    __repr__ = __str__


def export(
    run: Run,
    *,
    format: str | None = None,
    truncation: float | None = None,
    input: str | Sequence[str] | None = None,
    seed: int | None = None,
    pipeline: str | None = None,
    license: str | None = None,
    zip: bool = False,
    output: Path | str | None = None,
    progress: Progress = tell,
) -> Exported:
    """Exports a pipeline (latent and label to image) for other programs, and checks the written file.

    The format `pipeline` is for sharing: beside the weights lie a card (README.md) and a preview picture.

    Args:
        run: folder of a run, checkpoint, saved pipeline or import; or a `Pipeline`.
        format: onnx, torch (torch.export), or pipeline (safetensors and JSON); default: given by `zip` or the
            suffix of `output`, else onnx.
        truncation: truncation to build in: 1 for none; closer to 0: closer to the mean.
        input: truncation, noise, or both, to make inputs of the file.
        seed: seed of the built-in noise.
        pipeline: which one, if the run has several, e.g. `backward`; default: the first.
        license: license of an exported pipeline, for its card, such as apache-2.0.
        zip: pack an exported pipeline into one file; so does an output that ends in `.zip`.
        output: file or new folder; default: named after the run, in the current folder.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: options conflict, or the output cannot be written.
        RunError: the folder holds no pipeline.
    """
    inputs = [] if input is None else several(input)
    zip = zip or (output is not None and Path(output).suffix.lower() == ZIP)
    format = _format("pipeline" if zip and format is None else format, output)
    if unknown := set(inputs) - {"truncation", "noise"}:
        raise UserError(f"--input must be truncation or noise; got {', '.join(sorted(unknown))}")
    if format == "pipeline" and (inputs or truncation is not None or seed is not None):
        raise UserError(
            "an exported pipeline does not fix truncation and noise; omit --truncation, --input and --seed, "
            "or choose another --format"
        )
    if format != "pipeline" and (zip or license is not None):
        raise UserError("--zip and --license belong to a card; add --format pipeline, or omit them")
    if truncation is not None and "truncation" in inputs:
        raise UserError(
            "truncation is either built in or an input; give one of --truncation and --input truncation"
        )
    target = Path(output) if output is not None else _usual(run, format)
    target = target.with_name(f"{target.name}{ZIP}") if zip and target.suffix.lower() != ZIP else target
    (check_new_folder if format == "pipeline" and not zip else check_file)(target)
    chosen = load(run, pipeline)
    target.parent.mkdir(parents=True, exist_ok=True)
    progress(f"writing and checking {target}", 0, 0)
    if format == "pipeline":
        return _shared(chosen, target, _run_of(run), pipeline or "", license, zip)
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


def _shared(
    pipeline: Pipeline, target: Path, run: RunFolder | None, name: str, license: str | None, zip: bool
) -> Exported:
    """Writes a folder to share, or one file with that folder in it; whole or not at all."""
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as aside:
        folder = Path(aside) / (target.stem if zip else target.name)
        off = export_pipeline(pipeline, folder)
        card = write_card(folder, pipeline, run, name=name, license=license)
        _packed(folder, target) if zip else replace_folder(target, folder)
    return Exported(target, ", ".join([SAVED, FILE, *(path.name for path in card)]), off)


def _packed(folder: Path, target: Path) -> None:
    with whole_file(target) as file, ZipFile(file, "w") as packed:
        for path in sorted(folder.iterdir()):
            packed.write(path, f"{folder.name}/{path.name}")


def _run_of(run: Run) -> RunFolder | None:
    """The run that a pipeline comes from, if known: also of one of its checkpoints, and of its best."""
    if isinstance(run, Pipeline):
        return None
    path = Path(run)
    places = [RunFolder.around(path), RunFolder(path), RunFolder(path.resolve().parent)]
    return next((place for place in places if place is not None and place.exists), None)


def _recipe(run: Run) -> str:
    """The qualified name of the recipe of a run; empty for a pipeline."""
    if isinstance(run, Pipeline):
        return ""
    path = Path(run)
    folder = RunFolder.around(path) or RunFolder(path)
    return f"recipe/{folder.recipe_spec().get('part')}" if folder.recipe_file.is_file() else ""
