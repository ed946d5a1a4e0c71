"""The card of a shared pipeline: a README.md with front matter as the Hugging Face hub reads it, and a
preview picture. Neither says where anything lay on the machine that made it.
"""

import json
import platform
import re
import shlex
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import torch
from PIL import Image

from gancore.component.discovery import host, registry
from gancore.component.docstrings import summary
from gancore.component.part import Part
from gancore.errors import GancoreError, UserError, shown
from gancore.pictures.grid import save, to_grid
from gancore.pictures.judged import protocol_words
from gancore.pictures.scores import Evaluated, Reading, read_evaluations
from gancore.pictures.store import store
from gancore.pictures.timeline import whole_grids
from gancore.pictures.words import figure
from gancore.pipeline import Pipeline
from gancore.runs.again import commands
from gancore.runs.folder import RunFolder
from gancore.runs.layout import EVALUATION
from gancore.storage.inside import read_file
from gancore.storage.text import without_home

README, PREVIEW = "README.md", "preview.png"
SEED, FEWEST, MOST, PIXELS = 0, 4, 32, 2**21
"""The samples of the preview: as many as have so many pixels, within these bounds."""
COLUMNS = 8
TASKS = {"draws": "unconditional-image-generation", "translates": "image-to-image"}
"""What the hub calls what a pipeline does."""
NO_LICENSE = "unknown"
MOST_CLASSES = 100
_FOLDERS = re.compile(r"(^|[=:'])(?:[A-Za-z]:|~)?[/\\].*[/\\](?=[^/\\])")
"""The folders of an absolute path, in a word of a command or in quotes."""
_QUOTED = re.compile(r"'[^']*'")


def write_card(
    folder: Path, pipeline: Pipeline, run: RunFolder | None, *, name: str = "", license: str | None = None
) -> list[Path]:
    """Writes the card and the preview into the folder of a saved pipeline; returns their paths.

    `run` is the run that trained it, if known, and `name` which of its pipelines it is.
    """
    preview = preview_of(pipeline, run, name)
    if preview is not None:
        save(preview, folder / PREVIEW)
    text = card(folder.name, pipeline, run, license=license, preview=preview is not None)
    store(folder / README, text.encode())
    return [folder / README, *([folder / PREVIEW] if preview is not None else [])]


def preview_of(pipeline: Pipeline, run: RunFolder | None, name: str = "") -> Image.Image | None:
    """Samples of a fixed seed; where images are needed the newest sample grid of the run, if there is one."""
    _, height, width = pipeline.generator.image
    count = max(FEWEST, min(MOST, PIXELS // (height * width)))
    try:
        return to_grid(pipeline.sample(count, seed=SEED), columns=COLUMNS)
    except UserError:  # it needs images, or labels that it cannot draw
        return None if run is None else _newest_grid(run, name)


def _newest_grid(run: RunFolder, name: str) -> Image.Image | None:
    wanted = "" if name in run.pipeline_names[:1] else name  # the grids of the first one bear no name
    grids = [grid for grid in whole_grids(run)[0] if grid.pipeline == wanted]
    if not grids:
        return None
    newest = max(grids, key=lambda grid: grid.images)
    try:
        return Image.open(BytesIO(read_file(newest.path))).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # it is damaged
        return None


def card(
    title: str,
    pipeline: Pipeline,
    run: RunFolder | None,
    *,
    license: str | None = None,
    preview: bool = True,
) -> str:
    """The text of the card."""
    judged = None if run is None else _evaluation(run, pipeline.images)
    sections = [
        _front(title, pipeline, run, license, judged),
        f"# {title}\n",
        f"![samples of seed {SEED}]({PREVIEW})\n" if preview else "",
        _what(pipeline, run),
        _how_to_sample(title, pipeline),
        "" if run is None else _data(run),
        _license(license),
        "" if run is None else _training(run),
        _scores(judged),
        _versions(pipeline, run),
    ]
    return without_home("\n".join(filter(None, sections)))


def without_folders(text: str) -> str:
    """A word of a command, or the name of a source, with the name alone of what an absolute path names."""
    return _FOLDERS.sub(r"\1", text)


def _front(
    title: str, pipeline: Pipeline, run: RunFolder | None, license: str | None, judged: Evaluated | None
) -> str:
    lines = [
        "---",
        "library_name: gancore",
        f"license: {_quoted(license or NO_LICENSE)}",
        *([f"pipeline_tag: {TASKS[pipeline.product]}"] if pipeline.product in TASKS else []),
        "tags:",
        *(f"- {_quoted(tag)}" for tag in _tags(pipeline, run)),
        *(_index(title, pipeline, run, judged) if run is not None and judged is not None else []),
        "---\n",
    ]
    return "\n".join(lines)


def _tags(pipeline: Pipeline, run: RunFolder | None) -> list[str]:
    return list(dict.fromkeys(["gancore", *([] if run is None else [run.name]), pipeline.generator.name]))


def _index(title: str, pipeline: Pipeline, run: RunFolder, judged: Evaluated) -> Iterator[str]:
    """The scores, as the hub reads them."""
    data = _quoted(_data_words(run))
    yield from ("model-index:", f"- name: {_quoted(title)}", "  results:", "  - task:")
    yield f"      type: {TASKS.get(pipeline.product, 'image-feature-extraction')}"
    yield from ("    dataset:", f"      name: {data}", f"      type: {data}", "    metrics:")
    for name, reading in judged.readings.items():
        if reading.value is not None:
            yield f"    - type: {_quoted(name.partition('[')[0].lower().replace(' ', '-'))}"
            yield f"      name: {_quoted(name)}"
            yield f"      value: {reading.value:.6g}"


def _quoted(text: str) -> str:
    """A string in YAML, which reads those of JSON."""
    return json.dumps(without_home(text), ensure_ascii=False)


def _what(pipeline: Pipeline, run: RunFolder | None) -> str:
    shape = "×".join(map(str, pipeline.generator.image))
    does = {"draws": "Draws", "translates": "Translates", "reconstructs": "Reconstructs"}[pipeline.product]
    seen = "" if pipeline.images is None else f", after {pipeline.images:,} training images"
    recipe = "" if run is None else f" Trained by the recipe `{run.name}`{_about(run)}"
    rows = [
        f"| {seat} | `{registry().name_of(type(part))}` | {sum(p.numel() for p in part.parameters()):,} |"
        for seat, part in pipeline.parts.items()
    ]
    table = "\n".join(["| seat | part | parameters |", "|---|---|---:|", *rows])
    return f"{does} images {shape} (channels, height, width){seen}.{recipe}\n\n{table}\n"


def _about(run: RunFolder) -> str:
    try:
        return f": {summary(type(run.recipe()))}"
    except GancoreError:  # its plugin is not installed here
        return "."


def _how_to_sample(title: str, pipeline: Pipeline) -> str:
    folder = shlex.quote(title)
    draws = pipeline.sampler is not None
    options = "--count 16 --seed 0 --output samples.png" if draws else "--data photos --output made"
    load = f'import gancore\n\npipeline = gancore.load("{title}")\n'
    shape = ", ".join(map(str, pipeline.generator.image))
    draw = f"images = pipeline.sample(16, seed=0)  # (16, {shape}) in [-1, 1]\n" if draws else ""
    names = tuple(getattr(pipeline.labels, "class_names", ()))[:MOST_CLASSES]
    classes = f"\nClasses, for `--label`: {', '.join(names)}.\n" if names and pipeline.conditional else ""
    return (
        f"## How to sample\n\nWith {_packages(pipeline)} installed:\n\n"
        f"```console\ngancore sample {folder} {options}\n```\n\n```python\n{load}{draw}```\n{classes}"
    )


def _data(run: RunFolder) -> str:
    found = [f"Trained on {_data_words(run)}."]
    table = run.facts.get("data", {})
    options = table.get("options", {}) if isinstance(table, dict) else {}
    if size := options.get("size"):
        found.append(f"Images were brought to {'×'.join(map(str, size))} ({options.get('fit', 'crop')}).")
    if isinstance(table, dict) and (mark := table.get("fingerprint")):
        found.append(f"SHA-256 of images and labels: `{mark}`.")
    return (
        f"## Data\n\n{' '.join(found)}\n\nTo be written: where the images come from, and who may use them.\n"
    )


def _data_words(run: RunFolder) -> str:
    sources = shown(run.data_words).split(" and ")
    return " and ".join(re.sub(r"[^ ]*[/\\]", "", without_folders(source)) for source in sources)


def _license(license: str | None) -> str:
    said = (
        f"`{license}`."
        if license
        else "To be chosen: set `license` at the top of this file, and say it here."
    )
    return f"## License\n\n{said}\n"


def _training(run: RunFolder) -> str:
    again = "\n".join(map(_without_folders, commands(run)))
    blocks = [f"```console\n{again}\n```\n"] if again else []
    try:
        made = _QUOTED.sub(lambda text: without_folders(text[0]), repr(run.recipe()))
    except GancoreError:  # its plugin is not installed here
        made = ""
    blocks += [f"```python\n{made}\n```\n"] if made else []
    return "\n".join(["## Training\n", *blocks]) if blocks else ""


def _without_folders(command: str) -> str:
    line = shown(command)
    return line if line.startswith("#") else shlex.join(map(without_folders, shlex.split(line)))


def _scores(judged: Evaluated | None) -> str:
    if judged is None:
        return ""
    rows = [f"| {shown(name)} | {_with_error(one)} | {one.better} |" for name, one in judged.readings.items()]
    table = "\n".join(["| score | value | better |", "|---|---:|---|", *rows])
    return f"## Scores\n\n{table}\n\nProtocol: {protocol_words(judged.protocol)}.\n"


def _with_error(one: Reading) -> str:
    return figure(one.value) + ("" if one.error is None else f" ± {one.error:.2g}")


def _evaluation(run: RunFolder, images: int | None) -> Evaluated | None:
    """The evaluation of these weights: that of `gancore evaluate`, else that of the training."""
    found = [
        one
        for one in read_evaluations(run)[0]
        if one.name in ("", EVALUATION) and one.readings and (images is None or one.images == images)
    ]
    return max(found, key=lambda one: one.name, default=None)


def _versions(pipeline: Pipeline, run: RunFolder | None) -> str:
    facts = {} if run is None else run.facts.get("environment", {})
    trained = {name: facts.get(name) for name in ("python", "torch") if isinstance(facts, dict)}
    rows = {
        "python": trained.get("python") or platform.python_version(),
        "torch": trained.get("torch") or torch.__version__,
        **_distributions(pipeline),
    }
    return "## Versions\n\n" + ", ".join(f"{name} {shown(version)}" for name, version in rows.items()) + ".\n"


def _distributions(pipeline: Pipeline) -> dict[str, str]:
    modules = [module for part in pipeline.parts.values() for module in part.modules()]
    parts = [registry().name_of(type(module)) for module in modules if isinstance(module, Part)]
    names = {"gancore", *(name.partition(":")[0] for name in parts)}
    return {name: host().versions[name] for name in sorted(names) if name in host().versions}


def _packages(pipeline: Pipeline) -> str:
    return ", ".join(f"`{name}` {version}" for name, version in _distributions(pipeline).items())
