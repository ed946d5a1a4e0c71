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
        runs = [RunFolder(path), RunFolder.around(path), RunFolder(path.parent)]
        return next(filter(None, (run_hash(run) for run in runs if run is not None)), "")
    except (GancoreError, OSError):
        return ""
