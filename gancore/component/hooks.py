"""The hooks that a plugin may implement, with pluggy. A plugin module declares `gancore_api = 1` and any of
these functions.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from pathlib import Path

    import typer

    from gancore.component.part import Part
    from gancore.component.presets import Preset

ACCEPTED = frozenset({1})
"""The versions of hooks and interfaces that this host works with; a plugin declares the one that it was
written for.
"""

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
    """Opens a data source of the plugin's own (a `gancore.data.Data`) by the words that a user gives to
    `--data`, or returns None to pass. Asked before gancore's own sources; `options` are the
    `gancore.data.ImageOptions` that were asked for.
    """


@hookspec
def gancore_weights(folder: "Path", part: str) -> "Sequence[Path]":  # type: ignore[empty-body]
    """The safetensors files that may hold the weights of a part, the likeliest first, where the plugin knows
    how the folder is laid out; the `from = "FOLDER:PART"` of a spec asks for them. Each tensor's name begins
    with the part's, as `generator.`.
    """


@hookspec
def gancore_commands(app: "typer.Typer") -> None:
    """Adds verbs to the command line."""


@hookspec
def gancore_started(run: Any) -> None:
    """A training run begins (or goes on); `run.folder` is where it lives."""


@hookspec
def gancore_stepped(run: Any) -> None:
    """One step was taken; called often, so be quick."""


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
    """Something is not as it should be, and the run goes on."""


@hookspec
def gancore_finished(run: Any) -> None:
    """The run has seen all its images."""
