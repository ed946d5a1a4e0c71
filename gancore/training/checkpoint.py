"""Checkpoints: one folder each, with tensors in safetensors and the rest in JSON; nothing is a pickle.

A checkpoint is written to a temporary folder, then renamed, and never overwritten. `weights.safetensors`
holds the recipe's state, `training.safetensors` the state of the optimizers and the random number generator,
`state.json` the counters, and `manifest.json` the SHA-256 of each file.
"""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gancore.component.references import referred, resolved
from gancore.component.weights import DAMAGE, FILE, bytes_of, load_state, read_weights, write_weights
from gancore.errors import CheckpointError, DataError, RunError
from gancore.runs.folder import committed
from gancore.runs.layout import counted
from gancore.storage.files import discard, reason, whole_folder
from gancore.storage.jsonl import MOST
from gancore.storage.manifest import check_manifest, read_json, write_manifest
from gancore.training.run import TrainingRun

VERSION = 1
TRAINING, STATE = "training.safetensors", "state.json"


def save_checkpoint(run: TrainingRun, folder: Path, *, seconds: float, keep: int, spare: str = "") -> Path:
    """Commits `folder/00012000` (the name counts images); removes all but the last `keep` and `spare`.

    Called only by the first rank.

    Raises:
        RunError: the disk is full or not writable; earlier checkpoints are intact.
    """
    path = folder / counted(run.images)
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with whole_folder(path) as aside:
            _write(run, aside, seconds)
    except OSError as error:
        size = bytes_of(run.recipe.state_dict()) * 3
        raise RunError(
            f"cannot write the checkpoint {path}: {reason(error)}; "
            f"about {size / 1e6:.0f} MB are needed. "
            f"Earlier checkpoints are intact: free some disk space, then resume"
        ) from None
    prune(folder, keep=keep, spare=spare)
    return path


def prune(folder: Path, *, keep: int, spare: str = "") -> None:
    """Removes all checkpoints but the last `keep` and `spare`. Called only by the first rank."""
    for old in [p for p in committed(folder) if p.name != spare][keep:]:
        discard(old)


def load_checkpoint(run: TrainingRun, path: Path) -> float:
    """Restores the run from a checkpoint; returns the seconds trained so far.

    Raises:
        CheckpointError: the checkpoint is damaged or belongs to another recipe.
    """
    check_manifest(path, FILE, TRAINING, STATE)
    try:
        return _put_back(run, path)
    except (*DAMAGE, DataError) as error:
        raise CheckpointError(f"{path} is damaged: {error!r}; use another checkpoint") from None


def set_aside(path: Path) -> None:
    """Moves a damaged checkpoint out of the way of later ones, to `.00012000.damaged` in the same folder."""
    target = path.with_name(f".{path.name}.damaged")
    shutil.rmtree(target, ignore_errors=True)
    os.rename(path, target)


def _put_back(run: TrainingRun, path: Path) -> float:
    state = read_json(path / STATE)
    if state.get("version") != VERSION:
        raise CheckpointError(f"{path} has version {state.get('version')!r}; this gancore reads {VERSION}")
    if path.name != counted(_count(state["images"], "images")):
        raise ValueError(f"it is named {path.name}, and counts {state['images']} images")
    tensors = read_weights(path / TRAINING)
    found = resolved(run.recipe, read_weights(path / FILE), where=str(path))
    load_state(run.recipe, found, where=str(path))
    run.rng.set_state(tensors.pop("rng"))
    for player_optimizer in run.player_optimizers.values():
        player_optimizer.restore(tensors, state["optimizers"])
    run.step, run.images, run.source.position = (
        _count(state[name], name) for name in ("step", "images", "position")
    )
    # older checkpoints do not say; the one at the end was written after `finish`
    run.finished = bool(state.get("finished", run.images >= run.total))
    run.noted = {
        name: (torch.tensor(float(total), device=run.device), _count(count, name))
        for name, (total, count) in state["noted"].items()
    }
    if not 0 <= (seconds := float(state["seconds"])) < math.inf:
        raise ValueError(f"{seconds} seconds")
    return seconds


def _count(value: Any, name: str) -> int:
    """A count that a file gives."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST:
        raise ValueError(f"{name} is {value!r:.40}, which is no count")
    return value


def _write(run: TrainingRun, aside: Path, seconds: float) -> None:
    training: dict[str, Tensor] = {"rng": run.rng.get_state()}
    plain: dict[str, Any] = {}
    for player_optimizer in run.player_optimizers.values():
        tensors, rest = player_optimizer.state()
        training |= tensors
        plain |= rest
    write_weights(aside / FILE, referred(run.recipe, run.recipe.state_dict()))
    write_weights(aside / TRAINING, training)
    state = {
        "version": VERSION,
        "step": run.step,
        "images": run.images,
        "position": run.source.position,
        "seconds": seconds,
        "finished": run.finished,
        "optimizers": plain,
        "noted": {name: (float(total), count) for name, (total, count) in run.noted.items()},
    }
    (aside / STATE).write_text(json.dumps(state, indent=1), encoding="utf-8")
    write_manifest(aside)
