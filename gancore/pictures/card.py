"""The card of a shared pipeline: a README.md with front matter as the Hugging Face hub reads it, and a
preview picture. Neither says where anything lay on the machine that made it.
"""

import json
import platform
import re
import shlex
from pathlib import Path

import torch

from gancore.component.discovery import host, registry
from gancore.component.docstrings import summary
from gancore.component.part import Part
from gancore.errors import GancoreError, shown
from gancore.pictures.front_matter import front_matter
from gancore.pictures.grid import save
from gancore.pictures.judged import protocol_words
from gancore.pictures.preview import SEED, preview_of
from gancore.pictures.scores import Evaluated, Reading, read_evaluations
from gancore.pictures.store import store
from gancore.pictures.words import figure
from gancore.pipeline import Pipeline
from gancore.runs.again import commands
from gancore.runs.folder import RunFolder
from gancore.runs.layout import EVALUATION
from gancore.storage.text import visible, without_home

README, PREVIEW = "README.md", "preview.png"
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
        front_matter(
            title,
            pipeline,
            license=license,
            recipe="" if run is None else run.name,
            data="" if run is None else _data_words(run),
            scores={} if judged is None else judged.readings,
        ),
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
    return visible(without_home("\n".join(filter(None, sections))))


def without_folders(text: str) -> str:
    """A word of a command, or the name of a source, with the name alone of what an absolute path names."""
    return _FOLDERS.sub(r"\1", text)


def _what(pipeline: Pipeline, run: RunFolder | None) -> str:
    shape = "×".join(map(str, pipeline.generator.image))
    does = {"draws": "Draws", "translates": "Translates", "reconstructs": "Reconstructs"}[pipeline.product]
    seen = "" if pipeline.images is None else f", after {pipeline.images:,} training images"
    recipe = "" if run is None else f" Trained by the recipe `{shown(run.name)}`{_about(run)}"
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
    load = f"import gancore\n\npipeline = gancore.load({json.dumps(title)})\n"
    shape = ", ".join(map(str, pipeline.generator.image))
    draw = f"images = pipeline.sample(16, seed=0)  # (16, {shape}) in [-1, 1]\n" if draws else ""
    names = tuple(getattr(pipeline.labels, "class_names", ()))[:MOST_CLASSES]
    named = ", ".join(map(_code, names))
    classes = f"\nClasses, for `--label`: {named}.\n" if names and pipeline.conditional else ""
    return (
        f"## How to sample\n\nWith {_packages(pipeline)} installed:\n\n"
        f"```console\ngancore sample {folder} {options}\n```\n\n```python\n{load}{draw}```\n{classes}"
    )


def _data(run: RunFolder) -> str:
    found, sources = [f"Trained on {_data_words(run)}."], run.sources
    if sources is not None and (size := sources.options.size):
        found.append(f"Images were brought to {'×'.join(map(str, size))} ({sources.options.fit}).")
    found.append(f"SHA-256 of images and labels: `{shown(run.fingerprint)}`.")
    if stage := run.first_stage:
        found.append(
            "What was learned are their codes by a first stage, whose weights have the SHA-256 "
            f"`{shown(stage['sha256'])}`."
        )
    open_question = "To be written: where the images come from, and who may use them."
    return f"## Data\n\n{' '.join(found)}\n\n{open_question}\n"


def _data_words(run: RunFolder) -> str:
    sources = shown(run.data_words).split(" and ")
    return " and ".join(re.sub(r"[^ ]*[/\\]", "", without_folders(source)) for source in sources)


def _license(license: str | None) -> str:
    said = f"`{license}`." if license else "To be chosen: set `license` at the top of this file."
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
    rows = [
        f"| {shown(name)} | {_with_error(one)} | {one.better.removeprefix('neither')} |"
        for name, one in judged.readings.items()
    ]
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


def _code(text: str) -> str:
    """Text that Markdown shows as it is: between more backticks than it has in a row."""
    clean = shown(text)
    most = max((len(ticks) for ticks in re.findall("`+", clean)), default=0)
    edge = "`" * (most + 1)
    return f"{edge} {clean} {edge}" if most else f"`{clean}`"
