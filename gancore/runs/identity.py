"""By what a run is told from others."""

import json
from hashlib import sha256
from pathlib import Path

from gancore.errors import GancoreError
from gancore.runs.folder import RunFolder


def run_hash(run: RunFolder) -> str:
    """Twelve digits that are the same where recipe, data and seed are; empty for what is no run."""
    if not run.exists:
        return ""
    data, settings = run.facts.get("data") or {}, run.settings_table
    known = [run.recipe_text, data.get("fingerprint"), settings.get("seed"), settings.get("hold_out")]
    known += [data["first_stage"]["sha256"]] if "first_stage" in data else []
    return sha256(json.dumps(known, default=str).encode()).hexdigest()[:12]


def hash_around(path: Path) -> str:
    """The hash of the run in a folder, or of the one that a checkpoint or pipeline lies in; empty if there is
    none.
    """
    try:
        return next(filter(None, map(run_hash, _around(path))), "")
    except (GancoreError, OSError):
        return ""


def source_from_around(path: Path) -> str | None:
    """What the sources of pairs were made by in the training of the run in a folder, or of the one that a
    checkpoint or pipeline lies in; None if there is none.
    """
    try:
        known = (run.facts.get("data") for run in _around(path) if run.exists)
        return next((table.get("source_from") for table in known if isinstance(table, dict)), None)
    except (GancoreError, OSError):
        return None


def _around(path: Path) -> list[RunFolder]:
    found = [RunFolder(path), RunFolder.around(path), RunFolder(path.parent)]
    return [run for run in found if run is not None]
