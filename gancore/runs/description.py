"""What a run records about how it is trained, and about everything that its results depend on bit for bit."""

import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import torch

from gancore.component.discovery import host
from gancore.recipes.base import Recipe
from gancore.runs.settings import Settings

VERSION = 1
"""The version of the table."""


def run_table(
    recipe: Recipe, settings: Settings, data: Mapping[str, Any], command: Sequence[str]
) -> dict[str, Any]:
    """The table that `run.toml` holds."""
    how = {name: value for name, value in attrs.asdict(settings).items() if value is not None}
    return {
        "gancore": VERSION,
        "command": list(command),
        "settings": how,
        "effective": effective(recipe, settings),
        "data": dict(data),
        "parameters": counts(recipe),
        "environment": environment(),
    }


def effective(recipe: Recipe, settings: Settings) -> dict[str, int]:
    """What settings come to that the user left to the recipe."""
    batch = settings.batch or recipe.batch_size
    return {"batch": min(batch, settings.images or batch)}


def counts(recipe: Recipe) -> dict[str, int]:
    """The number of trainable parameters of each player."""
    return {
        name: sum(p.numel() for part in player.parts for p in part.parameters() if p.requires_grad)
        for name, player in recipe.players().items()
    }


def environment() -> dict[str, Any]:
    """The environment that a run's results depend on bit for bit, besides recipe, data and settings."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
        "plugins": host().versions,
    }


def changes(before: Mapping[str, Any]) -> list[str]:
    """The changes in this environment since the run began, as text."""
    now = environment()
    names = ("torch", "threads", "processes", "device")
    return [
        f"{name} is {now[name]}, and was {before[name]}"
        for name in names
        if before.get(name, now[name]) != now[name]
    ]
