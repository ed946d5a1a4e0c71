"""Manifests: the size and SHA-256 of each file in a folder, to detect damage, since safetensors itself has no
checksum. Files that other programs put there, such as file managers, are ignored.
"""

import json
from pathlib import Path, PurePath
from typing import Any

from gancore.errors import CheckpointError, RunError
from gancore.storage.files import sha256
from gancore.storage.inside import inside, read_utf8

MANIFEST = "manifest.json"


def write_manifest(folder: Path) -> None:
    """Writes the manifest: each file of the folder with its size and SHA-256. It must be the last file
    written.
    """
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST)
    rows = {str(f.relative_to(folder)): {"bytes": f.stat().st_size, "sha256": sha256(f)} for f in files}
    (folder / MANIFEST).write_text(json.dumps({"gancore": 1, "files": rows}, indent=1), encoding="utf-8")


def check_manifest(folder: Path, *needed: str) -> None:
    """Raises CheckpointError if a file in the manifest is missing, truncated, altered or a link, or if a file
    in `needed` is not in the manifest. Other files in the folder are ignored.
    """
    rows = _rows(folder)
    if lacking := sorted(set(needed) - set(rows)):
        raise CheckpointError(
            f"{folder} is damaged: its manifest does not list {', '.join(lacking)}; use another checkpoint"
        )
    for name, row in rows.items():
        if str(PurePath(name)) != name:
            raise CheckpointError(f"{folder} is damaged: its manifest lists {name!r}, not as it was written")
        if not _as_written(_listed(folder, name), row):
            raise CheckpointError(
                f"{folder} is damaged: {name} is not what was written (its SHA-256 differs); "
                "use another checkpoint"
            )


def _listed(folder: Path, name: str) -> Path:
    try:
        return inside(folder, name)
    except RunError as error:
        raise CheckpointError(f"{folder} is damaged: {error}") from None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises CheckpointError if it is not one."""
    try:
        value = json.loads(read_utf8(path))
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds {type(value).__name__}, not an object")
    return value


def _as_written(file: Path, row: dict[str, Any]) -> bool:
    try:
        return bool(file.stat().st_size == row["bytes"] and sha256(file) == row["sha256"])
    except OSError as error:
        raise CheckpointError(
            f"{file} cannot be read: {error.strerror or error}; use another checkpoint"
        ) from None


def _rows(folder: Path) -> dict[str, dict[str, Any]]:
    rows = read_json(folder / MANIFEST).get("files")
    if not isinstance(rows, dict) or not all(
        isinstance(r, dict) and {"bytes", "sha256"} <= set(r) for r in rows.values()
    ):
        raise CheckpointError(f"{folder / MANIFEST} is damaged; use another checkpoint")
    return rows
