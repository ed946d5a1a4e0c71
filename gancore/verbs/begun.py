"""A training whose command is given again, after it has begun."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore.component.specs import from_toml, put, spec, to_toml
from gancore.errors import UserError
from gancore.recipes.base import Recipe
from gancore.runs.folder import RunFolder
from gancore.training.ranks import Ranks


def begun_run(output: str | os.PathLike[str] | None, recipe: Recipe) -> RunFolder | None:
    """The run in this folder, if it has begun.

    Raises:
        UserError: no folder is given, or another recipe is trained there.
    """
    if output is None:
        raise UserError("--resume-if-there needs the folder of the run; give --output")
    run = RunFolder(Path(output))
    if not Ranks.join().from_first(lambda: "begun" if run.exists else ""):
        return None
    asked = from_toml(to_toml(spec(recipe)))
    for change in run.facts.get("changes", ()):
        for path, value in change.get("set", {}).items():
            put(asked, path, value)
    there = run.recipe_spec()
    if other := _differences(there, asked):
        raise UserError(f"{run} is the run of another recipe: {'; '.join(other[:3])}; name another folder")
    return run


def unfinished(run: RunFolder, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the command, without a length that the run was given more of since."""
    length = run.settings.images
    asked = settings.get("images")
    longer = length is None or asked is None or asked > length
    return {name: value for name, value in settings.items() if name != "images" or longer}


def _differences(there: Any, asked: Any, path: str = "") -> list[str]:
    if isinstance(there, dict) and isinstance(asked, dict):
        names = sorted({*there, *asked})
        return [
            text
            for name in names
            for text in _differences(there.get(name), asked.get(name), f"{path}{'.' if path else ''}{name}")
        ]
    return [] if there == asked else [f"{path} is {there!r:.60} there, and {asked!r:.60} here"]
