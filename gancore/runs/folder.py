"""The folder of a run: its name, its lock, and the files that say what was trained and how."""

import fcntl
import os
import platform
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import attrs
import tomli_w
import torch

from gancore.component.discovery import host
from gancore.component.specs import spec, to_toml
from gancore.errors import RunError, UserError
from gancore.recipes.base import Recipe
from gancore.runs.settings import Settings
from gancore.storage.files import write_text

RECIPE, SETTINGS, LOCK = "recipe.toml", "run.toml", ".lock"


def new_folder(output: Path | str | None, recipe: Recipe) -> Path:
    """The folder of a new run: the one asked for, which must be empty, or the next `runs/0007-dcgan`.

    Raises:
        RunError: it already holds a run.
    """
    if output is not None:
        path = Path(output)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(
                f"{path} is not empty; resume it with `gancore train --resume {path}`, or name another folder"
            )
        _make(path)
        return path
    number = (
        max((int(m[1]) for p in Path("runs").glob("*") if (m := re.match(r"(\d+)-", p.name))), default=0) + 1
    )
    while not _make(path := Path("runs") / f"{number:04d}-{recipe.name}", new=True):
        number += 1
    return path


def _make(path: Path, *, new: bool = False) -> bool:
    """Makes the folder; says whether it was `new`, where two trainings may begin at once."""
    try:
        path.mkdir(parents=True, exist_ok=not new)
    except OSError as error:
        if new and isinstance(error, FileExistsError) and path.is_dir():
            return False
        raise RunError(
            f"cannot make the run folder {path}: {error.strerror or error}; name a folder that can be written"
        ) from None
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the run for this process. The system lets go of the lock when a process dies, however it dies.

    Raises:
        RunError: another process trains there.
    """
    with _lock_file(folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            who = file.read().strip() or "?"
            raise RunError(
                f"{folder} is in use by process {who}; wait for it, or train into another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def _lock_file(folder: Path) -> IO[str]:
    try:
        return (folder / LOCK).open("a+")
    except OSError as error:
        raise RunError(
            f"cannot write in the run folder {folder}: {error.strerror or error}; a training needs to"
        ) from None


def describe(
    folder: Path, recipe: Recipe, settings: Settings, data: dict[str, Any], command: list[str]
) -> None:
    """Writes `recipe.toml` and `run.toml`; called with the folder locked. Raises RunError when another
    training was first.
    """
    if (folder / RECIPE).exists():
        raise RunError(
            f"{folder} holds a run by now; resume it with `gancore train --resume {folder}`, "
            "or name another folder"
        )
    write_text(folder / RECIPE, to_toml(spec(recipe)))
    how = {name: value for name, value in attrs.asdict(settings).items() if value is not None}
    table = {"gancore": 1, "command": command, "settings": how, "data": data}
    table |= {"parameters": counts(recipe), "environment": environment()}
    write_text(folder / SETTINGS, tomli_w.dumps(table))


def read_settings(folder: Path) -> tuple[Settings, dict[str, Any]]:
    """The settings and the data table of a run. Raises RunError when the folder holds no run."""
    path = folder / SETTINGS
    if not path.is_file() or not (folder / RECIPE).is_file():
        raise RunError(
            f"{folder} is not a run (no {SETTINGS} and {RECIPE}); give the folder that `gancore train` made"
        )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Settings.of(**table["settings"]), table["data"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise RunError(f"{path} is damaged: {error!r}; start a new run from {folder / RECIPE}") from None
    except UserError as error:
        raise RunError(f"{path}: {error}") from None


def counts(recipe: Recipe) -> dict[str, int]:
    """How many numbers each player learns."""
    return {
        name: sum(p.numel() for part in player.parts for p in part.parameters() if p.requires_grad)
        for name, player in recipe.players().items()
    }


def lengthen(folder: Path, images: int) -> None:
    """Notes in `run.toml` that the training is of this many images now."""
    table = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    if table["settings"].get("images", images) == images:
        return
    table["settings"]["images"] = images
    write_text(folder / SETTINGS, tomli_w.dumps(table))


def changed_environment(folder: Path) -> list[str]:
    """What the bits depend on and is not as it was when the run began, in words."""
    before = tomllib.loads((folder / SETTINGS).read_text(encoding="utf-8")).get("environment", {})
    now = environment()
    names = ("torch", "threads", "processes", "device")
    return [
        f"{name} is {now[name]}, and was {before[name]}"
        for name in names
        if before.get(name, now[name]) != now[name]
    ]


def environment() -> dict[str, Any]:
    """What the bits of a run depend on besides recipe, data and settings."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine(),
        "plugins": host().versions,
    }
