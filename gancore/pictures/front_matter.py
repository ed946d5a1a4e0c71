"""The front matter of a card: YAML, as the Hugging Face hub reads it."""

import json
from collections.abc import Iterator, Mapping

from gancore.pictures.scores import Reading
from gancore.pipeline import Pipeline
from gancore.storage.text import without_home

TASKS = {
    "draws": "unconditional-image-generation",
    "translates": "image-to-image",
    "reconstructs": "image-to-image",
}
"""What the hub calls what a pipeline does."""
NO_LICENSE = "unknown"


def front_matter(
    title: str,
    pipeline: Pipeline,
    *,
    license: str | None = None,
    recipe: str = "",
    data: str = "",
    scores: Mapping[str, Reading] | None = None,
) -> str:
    """Library, license, task and tags, and the scores on these data as a model index."""
    tags = dict.fromkeys(filter(None, ["gancore", recipe, pipeline.generator.name]))
    lines = [
        "---",
        "library_name: gancore",
        f"license: {_quoted(license or NO_LICENSE)}",
        f"pipeline_tag: {TASKS[pipeline.product]}",
        "tags:",
        *(f"- {_quoted(tag)}" for tag in tags),
        *(_index(title, TASKS[pipeline.product], data, scores) if scores else []),
        "---",
    ]
    return "\n".join(lines) + "\n"


def _index(title: str, task: str, data: str, scores: Mapping[str, Reading]) -> Iterator[str]:
    yield from ("model-index:", f"- name: {_quoted(title)}", "  results:", "  - task:", f"      type: {task}")
    yield from (
        "    dataset:",
        f"      name: {_quoted(data)}",
        f"      type: {_quoted(data)}",
        "    metrics:",
    )
    for name, reading in scores.items():
        if reading.value is not None:
            yield f"    - type: {_quoted(name.partition('[')[0].lower().replace(' ', '-'))}"
            yield f"      name: {_quoted(name)}"
            yield f"      value: {reading.value:.6g}"


def _quoted(text: str) -> str:
    """A string in YAML, which reads those of JSON."""
    return json.dumps(without_home(text), ensure_ascii=False)
