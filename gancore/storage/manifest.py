"""A folder that knows its files by size and SHA-256, so that damage is refused: safetensors itself has no
checksum.
"""

import json
from pathlib import Path
from typing import Any

from gancore.errors import CheckpointError
from gancore.storage.files import sha256

MANIFEST = "manifest.json"


def write_manifest(folder: Path) -> None:
    """Lists every file of the folder with its size and SHA-256; the last file to be written."""
    files = sorted(f for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST)
    rows = {str(f.relative_to(folder)): {"bytes": f.stat().st_size, "sha256": sha256(f)} for f in files}
    (folder / MANIFEST).write_text(json.dumps({"gancore": 1, "files": rows}, indent=1), encoding="utf-8")


def check_manifest(folder: Path) -> None:
    """Raises CheckpointError when a file of the folder is missing, added, shortened or altered."""
    rows = _rows(folder)
    present = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST}
    if present != set(rows):
        odd = ", ".join(sorted(present ^ set(rows)))
        raise CheckpointError(
            f"{folder} is damaged: {odd} missing or not in its manifest; use another checkpoint"
        )
    for name, row in rows.items():
        if not _as_written(folder / name, row):
            raise CheckpointError(
                f"{folder} is damaged: {name} is not what was written (its SHA-256 differs); "
                "use another checkpoint"
            )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file. Raises CheckpointError when it is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
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
