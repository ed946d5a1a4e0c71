"""The pluggy hooks of gancore. A plugin module declares `gancore_api = 1` and any of these functions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from gancore.component.part import Part
    from gancore.component.presets import Preset

ACCEPTED = frozenset({1})
"""The versions of hooks and interfaces that this host accepts; a plugin declares the one it targets."""

hookspec = pluggy.HookspecMarker("gancore")
hookimpl = pluggy.HookimplMarker("gancore")


@hookspec
def gancore_parts() -> "Sequence[type[Part]]":  # type: ignore[empty-body]
    """The part classes that the plugin offers."""


@hookspec
def gancore_presets() -> "Sequence[Preset]":  # type: ignore[empty-body]
    """The presets that the plugin offers: published settings of its recipes, as data."""


@hookspec
def gancore_data(source: str, options: Any) -> Any:
    """Opens a data source that the plugin adds.

    `source` is the text given to `--data`, `options` are the `gancore.data.ImageOptions`. Returns a
    `gancore.data.Data`, or None if the plugin does not handle this source. Called before gancore tries its
    own sources.
    """


@hookspec
def gancore_weights(folder: "Path", part: str) -> "Sequence[Path]":  # type: ignore[empty-body]
    """The safetensors files in a folder that may hold the weights of a part, the most likely first.

    Called for `from = "FOLDER:PART"` in a spec; a plugin answers for the folder layouts it knows. Each
    tensor's name starts with the part's name, such as `generator.`.
    """


@hookspec
def gancore_importers() -> "Sequence[Any]":  # type: ignore[empty-body]
    """The `gancore.published.Importer`s that the plugin offers: what turns networks of published files into
    parts.
    """


@hookspec
def gancore_commands(app: "typer.Typer") -> None:
    """Adds commands to the command line: `app.command("name", help="…")(function)`.

    Help and completion read the two texts from the source, so they are written there as literals.
    """


@hookspec
def gancore_started(run: Any) -> None:
    """A training run starts or resumes; `run.folder` is its folder."""


@hookspec
def gancore_stepped(run: Any) -> None:
    """One step was taken. Called often, so it should be fast."""


@hookspec
def gancore_reported(run: Any, scalars: dict[str, float]) -> None:
    """A line was written to the run's log."""


@hookspec
def gancore_sampled(run: Any, path: str) -> None:
    """A sample grid was written."""


@hookspec
def gancore_scored(run: Any, scores: dict[str, float]) -> None:
    """The run was evaluated."""


@hookspec
def gancore_saved(run: Any, path: str) -> None:
    """A checkpoint was committed."""


@hookspec
def gancore_warned(run: Any, text: str) -> None:
    """Something is wrong, but the run continues."""


@hookspec
def gancore_finished(run: Any) -> None:
    """The run has seen all its images."""
