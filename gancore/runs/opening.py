"""Opens what was trained at a path: a run, a checkpoint, a saved pipeline, or an import."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gancore.component.references import resolved
from gancore.component.scheduled import advance, changing
from gancore.component.weights import FILE, load_state, read_weights
from gancore.data.code_maps import with_generator
from gancore.errors import UserError
from gancore.pipeline import Pipeline, holds_pipeline
from gancore.recipes.base import Recipe
from gancore.recipes.products import products
from gancore.runs.folder import RunFolder, only_pipeline
from gancore.runs.layout import INDEX
from gancore.runs.settings import device_named
from gancore.standard.decoded import Decoded
from gancore.storage.inside import inside
from gancore.storage.manifest import check_manifest, read_json


def load_pipeline(
    path: Path | str | RunFolder, name: str | None = None, device: str | None = None
) -> Pipeline:
    """The pipeline of a run, a checkpoint, a saved pipeline or the folder of an import.

    For a run it is the last saved one; for a checkpoint, the pipeline at that time. `name` chooses among
    several, `device` where it is: auto, cpu, cuda, cuda:1 or mps; default: cpu.

    Raises:
        RunError: the folder contains no pipeline. UserError: there is none of that name, or no such device.
        CheckpointError: it is damaged.
    """
    target = device_named(device or "cpu")
    run = RunFolder.around(Path(path))
    found = find_pipeline(path, name) if run is None else Path(path)
    return (Pipeline.load(found) if run is None else _of_checkpoint(run, found, name)).to(target)


def find_pipeline(path: Path | str | RunFolder, name: str | None = None) -> Path:
    """The folder of a saved pipeline: that of a run or an import, or the path itself, also that of a
    checkpoint.

    Raises:
        RunError: there is none. UserError: there is none of that name.
    """
    path = Path(path)
    if RunFolder.around(path) is not None:
        return path
    return only_pipeline(path, name) if holds_pipeline(path) else RunFolder(path).pipeline_folder(name)


def is_model(path: Path | str) -> bool:
    """Whether a path leads to a run, a checkpoint, an import or a saved pipeline, rather than to images."""
    run = RunFolder(path)
    known = run.settings_file.exists() or holds_pipeline(run.path) or run.pipelines_folder.exists()
    return known or (run.path / INDEX).exists() or _is_checkpoint(run.path)


def _is_checkpoint(path: Path) -> bool:
    run = RunFolder.around(path)
    return run is not None and run.exists


def weight_files(path: Path | str, part: str) -> list[Path]:
    """The files that may contain the weights of a part, in order of preference: for a run the last saved
    pipeline, then its checkpoints, newest first; for an import the part's own file; for a checkpoint or
    pipeline its own files. Raises RunError where one is a link.
    """
    run = RunFolder(path)
    several = sorted(run.pipelines_folder.glob("*/"))
    places = [run.pipelines_folder, *several, run.path, run.path / part, *run.checkpoints]
    files = [inside(run.path, str(place.relative_to(run.path)), FILE) for place in places]
    return [file for file in files if file.is_file()]


def _of_checkpoint(run: RunFolder, path: Path, name: str | None) -> Pipeline:
    recipe, saved = run.recipe(), run.pipeline()
    recipe.bind(by=str(run), facts=_facts(saved), seed=run.settings.seed)
    check_manifest(path, FILE)
    load_state(recipe, resolved(recipe, read_weights(path / FILE), where=str(path)), where=str(path))
    _advance(recipe, path, run.settings.images or recipe.length(0))
    made = _chosen(recipe, _decoded_as(saved), name, path)
    made.images = int(path.name)
    if made.labels is not None and saved.labels is not None:
        made.labels.class_names = saved.labels.class_names
    return made


def _advance(recipe: Recipe, checkpoint: Path, total: int) -> None:
    for part in changing(recipe):
        advance(part, int(read_json(checkpoint / "state.json")["images"]), total)


def _facts(pipeline: Pipeline) -> dict[str, Any]:
    """The facts that the data gave the recipe, recovered from its pipeline."""
    classes = max((int(getattr(part, "classes", 0) or 0) for part in pipeline.parts.values()), default=0)
    generator = pipeline.generator
    facts: dict[str, Any] = {
        "image": tuple(generator.codes.image if isinstance(generator, Decoded) else generator.image),
        "classes": classes,
        "label_shape": () if pipeline.labels is None else tuple(pipeline.labels.label_shape),
    }
    reads = {"source": tuple(pipeline.reads_shape)} if pipeline.product == "translates" else {}
    return facts | reads


def _decoded_as(saved: Pipeline) -> Callable[[Pipeline], Pipeline] | None:
    """How codes are decoded where a run learned those of a first stage."""
    decoder = saved.generator
    if not isinstance(decoder, Decoded):
        return None
    return lambda made: with_generator(made, decoder.around(made.generator))


def _chosen(
    recipe: Recipe, decoded: Callable[[Pipeline], Pipeline] | None, name: str | None, path: Path
) -> Pipeline:
    pipelines: Mapping[str, Pipeline] = products(recipe, decoded)
    if name is None:
        return next(iter(pipelines.values()))
    if len(pipelines) == 1:
        only_pipeline(path, name)
    if name not in pipelines:
        raise UserError(f"{path} has the pipelines {', '.join(pipelines)}; choose one of them; got {name!r}")
    return pipelines[name]
