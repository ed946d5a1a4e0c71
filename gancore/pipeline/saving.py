"""Saved pipelines: a folder with the specs of the parts, their weights, and a manifest."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from gancore.component.bounded import bounded_by_weights
from gancore.component.part import Part
from gancore.component.specs import build, spec, without_sources
from gancore.component.weights import FILE, bytes_of, load_state, read_weights, write_weights
from gancore.errors import CheckpointError, GancoreError, RunError
from gancore.storage.files import replace_folder, whole_folder
from gancore.storage.manifest import check_manifest, read_json, write_manifest
from gancore.storage.names import SAVED

SEATS = {
    "sampler": "sampler",
    "conditioner": "conditioner",
    "generator": "generator",
    "encoder": "encoder",
    "labels": "label-sampler",
}
"""The seats of a pipeline, and the kind of part in each."""
VERSION = 1
"""Version of the format of saved pipelines."""


def holds_pipeline(folder: Path | str) -> bool:
    """Whether a folder is a saved pipeline."""
    return (Path(folder) / SAVED).is_file()


def tables_of(parts: Mapping[str, Part]) -> dict[str, Any]:
    """The complete specs of the parts, by seat; a part that stands in a second seat is named there."""
    seen: dict[Part, str] = {}
    return {name: spec(part, complete=True, path=name, seen=seen) for name, part in parts.items()}


def named_tensors(parts: Mapping[str, Part]) -> dict[str, Tensor]:
    """All weights, named by seat."""
    return {
        f"{name}.{key}": value for name, part in parts.items() for key, value in part.state_dict().items()
    }


def write_pipeline(folder: Path, parts: Mapping[str, Part], entries: Mapping[str, Any]) -> None:
    """Writes the parts, and entries such as what the pipeline reads and makes; see `Pipeline.save`."""
    fresh = folder.with_name(f".{folder.name}.new.tmp")
    saved = {"gancore": VERSION, **entries, "parts": tables_of(parts)}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(fresh, ignore_errors=True)
        tensors, text = named_tensors(parts), json.dumps(saved, indent=1)
        with whole_folder(fresh, bytes_of(tensors) + len(text)) as aside:
            (aside / SAVED).write_text(text, encoding="utf-8")
            write_weights(aside / FILE, tensors)
            write_manifest(aside)
        replace_folder(folder, fresh)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise RunError(
            f"cannot write the pipeline {folder}: {error.strerror or error}; "
            "an earlier one there is intact; free some space, then try again"
        ) from None


def read_pipeline(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parts by seat, what the pipeline reads and makes, and how many images its training had seen; see
    `Pipeline.load`.
    """
    if not holds_pipeline(folder):
        raise CheckpointError(
            f"{folder} holds no pipeline (no {SAVED}); "
            "give a folder written by training or Pipeline.save, "
            f"or open a run, a checkpoint or an import with gancore.load({str(folder)!r})"
        )
    check_manifest(folder, SAVED, FILE)
    saved = read_json(folder / SAVED)
    tables, weights = _tables(folder, saved), read_weights(folder / FILE)
    with bounded_by_weights(folder / FILE):
        parts = restored(tables, weights, folder)
    entries = {name: str(saved.get(name, "")) for name in ("reads", "makes")}
    images = saved.get("images")
    return parts, {**entries, "images": images if type(images) is int and images >= 0 else None}


def _tables(folder: Path, saved: Mapping[str, Any]) -> dict[str, Any]:
    if saved.get("gancore") != VERSION:
        raise CheckpointError(
            f"{folder} is a pipeline of version {saved.get('gancore')!r}; this gancore reads {VERSION}"
        )
    tables = saved.get("parts")
    if not isinstance(tables, dict) or not {"conditioner", "generator"} <= set(tables) <= set(SEATS):
        raise CheckpointError(f"{folder / SAVED} names no conditioner and generator; it is damaged")
    return tables


def restored(tables: Mapping[str, Any], weights: Mapping[str, Tensor], folder: Path) -> dict[str, Any]:
    """The parts that the tables describe, with their weights.

    Raises:
        CheckpointError: a table is damaged, or the weights have other shapes.
    """
    made: dict[str, Part] = {}
    return {name: _restored(name, table, weights, folder, made) for name, table in tables.items()}


def _restored(
    name: str, table: Any, weights: Mapping[str, Tensor], folder: Path, made: dict[str, Part]
) -> Any:
    if not isinstance(table, dict):
        raise CheckpointError(f"{folder / SAVED}: {name} is {table!r}, not a table; it is damaged")
    try:
        plain = {k: v for k, v in without_sources(table).items() if k != "frozen"}
        part = made[plain["same"]] if "same" in plain else build(plain, SEATS[name], where=name, made=made)
    except GancoreError:
        raise
    except Exception as error:  # an altered file may make a part's own code fail
        raise CheckpointError(
            f"{folder / SAVED}: {name} cannot be built ({error!r}); it is damaged"
        ) from None
    state = {
        key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")
    }
    load_state(part, state, where=str(folder))
    return part
