"""What a run prints, and its display in a notebook."""

import base64
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from gancore.errors import GancoreError
from gancore.storage.inside import read_file, read_utf8

if TYPE_CHECKING:
    from gancore.runs.folder import RunFolder


def text(run: "RunFolder") -> str:
    """The folder of a run, its recipe, data and settings as far as they differ from the defaults, and its
    state.
    """
    from gancore.runs.settings import Settings

    try:
        recipe = repr(run.recipe())
    except GancoreError:  # a plugin is missing, or the file is damaged
        recipe = run.name
    usual = {a.name: a.default for a in attrs.fields(Settings)}
    settings = [f"{k}={v!r}" for k, v in run.settings_table.items() if v != usual.get(k)]
    stage = [f"codes of {run.first_stage_words}"] if run.first_stage_words else []
    said = [f"{recipe} on {run.data_words or 'unknown data'}", *stage, *settings]
    said += [run.state, f"{run.seen} images"]
    return f"<{type(run).__name__} {run.path}: {', '.join(said)}>"


def html(run: "RunFolder") -> str:
    """Name and state of a run, its newest scores, and its newest sample grid."""
    head = f"<b>{escape(run.name)}</b> in {escape(str(run.path))}, {run.state}"
    scores = run.scores
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{value:.5g}</td></tr>" for name, value in _values(scores))
    grids = [max(run.samples, key=lambda grid: grid.images)] if run.samples else []
    shown = "".join(f"<br>{image_tag(grid.path)}" for grid in grids)
    return f"<div>{head}{f'<table>{rows}</table>' if rows else ''}{shown}</div>"


def _values(scores: list[Path]) -> list[tuple[str, float]]:
    """The values of the newest evaluation; none if there is no evaluation or it cannot be read."""
    try:
        newest = max(scores, key=lambda path: path.stat().st_mtime)
        table = json.loads(read_utf8(newest))["scores"]
        return [(name, float(entry["value"])) for name, entry in table.items()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def image_tag(path: Path) -> str:
    """A sample grid as an element of HTML that holds its picture."""
    return f'<img alt="samples" src="data:image/png;base64,{base64.b64encode(read_file(path)).decode()}">'
