"""How a run may go on: which settings, options of its recipe and places of its data may change."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import attrs

from gancore.component.interfaces import (
    Conditioner,
    Discriminator,
    Encoder,
    Generator,
    Optimizer,
    Sampler,
)
from gancore.component.part import Part
from gancore.component.specs import build, put, without_sources
from gancore.component.weights import FILE
from gancore.data import Data
from gancore.errors import CheckpointError, DataError, RunError, UserError
from gancore.recipes.base import Recipe
from gancore.runs.folder import RunFolder
from gancore.runs.instances import selected
from gancore.runs.settings import Settings
from gancore.runs.sources import Sources
from gancore.storage.manifest import check_manifest

NETWORKS = (Conditioner, Discriminator, Encoder, Generator, Sampler)
"""Kinds of parts whose options cannot change once they have been trained."""


@attrs.frozen(kw_only=True)
class Changes:
    """What differs from how a run was trained so far.

    Attributes:
        recipe: options of the recipe by path.
        settings: fields of `Settings`.
        data: the new entries of the table of the data; empty if they and the first stage are where they were.
    """

    recipe: Mapping[str, Any] = attrs.field(factory=dict)
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    data: Mapping[str, Any] = attrs.field(factory=dict)

    def said(self) -> dict[str, Any]:
        """What was asked, for the record of the run."""
        asked: dict[str, Any] = dict(self.settings)
        if self.recipe:
            asked["set"] = dict(self.recipe)
        asked |= {"data": self.data["sources"]} if "sources" in self.data else {}
        moved = self.data.get("first_stage")
        return asked | ({"first_stage": moved["place"]} if moved else {})


def changed_settings(run: RunFolder, changes: Mapping[str, Any]) -> Settings:
    """The settings of a run with changes.

    Raises:
        UserError: a setting cannot change in a run that has begun, or fewer images are asked than it has
        seen.
    """
    changes = differing(run.settings, changes)
    allowed = Settings.may_change()
    if fixed := sorted(set(changes) - set(allowed)):
        raise UserError(
            f"{', '.join(fixed)} cannot change in a run that has begun; what may: {', '.join(allowed)}"
        )
    images = changes.get("images")
    if images is not None and images < run.seen and images < (seen := _seen(run)):
        raise UserError(
            f"{run} has seen {seen} images already, and {images} are fewer; "
            f"give more than {seen}, or start a new run"
        )
    return Settings.of(**{**attrs.asdict(run.settings), **changes})


def _seen(run: RunFolder) -> int:
    """The images seen by the newest intact checkpoint."""
    for path in run.checkpoints:
        with suppress(CheckpointError):
            check_manifest(path, FILE)
            return int(path.name)
    return 0


def differing(settings: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given settings that differ from these. Raises UserError for an unknown one."""
    asked = attrs.asdict(Settings.of(**given))
    return {name: asked[name] for name in given if getattr(settings, name) != asked[name]}


def changed_recipe(run: RunFolder, changes: Mapping[str, Any]) -> tuple[Recipe, dict[str, Any] | None]:
    """The recipe of a run with options changed by path, and its new spec; None if nothing changes.

    Raises:
        UserError: an option belongs to a network that was trained. SpecError: there is no such option.
    """
    if not changes:
        return run.recipe(), None
    before = run.recipe()
    for path in changes:
        _refuse_networks(before, path)
    table = run.recipe_spec()
    for path, value in changes.items():
        put(table, path, value)
    made = build(without_sources(table) if run.checkpoints else table, "recipe")
    assert isinstance(made, Recipe)
    return made, table


def _refuse_networks(recipe: Recipe, path: str) -> None:
    node: Any = recipe
    for step in path.split("."):
        node = list(node)[int(step)] if step.isdigit() else getattr(node, step, None)
        if isinstance(node, NETWORKS):
            raise UserError(
                f"{path} cannot change in a run that has begun: {node.qualified_name} was trained with it; "
                "what may: options of optimizers, losses, regularizers and of the recipe; "
                "or start a new run with --init"
            )


def check_same_state(before: Recipe, after: Recipe, changes: Mapping[str, Any]) -> None:
    """Compares two recipes that have their facts.

    Raises:
        UserError: the state that was trained does not fit the changed recipe.
    """
    if _state(before) != _state(after):
        raise UserError(
            f"{', '.join(changes)} cannot change in a run that has begun: its checkpoints hold other "
            "state; start a new run with --init"
        )


def _state(recipe: Recipe) -> list[object]:
    weights = {name: tensor.shape for name, tensor in recipe.state_dict().items()}
    optimizers = {name: _name(player.optimizer) for name, player in recipe.players().items()}
    return [weights, optimizers]


def _name(optimizer: Optimizer | None) -> str:
    return optimizer.qualified_name if isinstance(optimizer, Part) else ""


def opened_data(run: RunFolder, data: Data | Sources | Sequence[str] | None) -> tuple[Data, dict[str, Any]]:
    """The data of a run, at a new place if one is given, and what is new in the table of the data.

    Raises:
        RunError: they are not the data that the run was trained on, or cannot be found.
    """
    whole, table = (data, dict[str, Any]()) if isinstance(data, Data) else _from_sources(run, data)
    opened = selected(run, whole)
    known, settings = run.fingerprint, run.settings
    if known not in (fingerprint(opened, settings), opened.older_fingerprint):
        raise RunError(
            f"the data of {run} has changed: these are other images or labels, or in another order "
            f"({opened.description}; "
            f"fingerprint {fingerprint(opened, settings)[:12]}, was {known[:12]}); "
            "restore it, give its place with --data, or start a new run"
        )
    return opened, table


def _from_sources(run: RunFolder, given: Sources | Sequence[str] | None) -> tuple[Data, dict[str, Any]]:
    sources = run.sources
    if given is not None:
        moved = given if isinstance(given, Sources) else attrs.evolve(sources or Sources(), data=tuple(given))
        same = sources is not None and sources.table() == moved.table()
        return moved.open(), {} if same else moved.table()
    if sources is None:
        raise RunError(f"{run} was trained on data given in Python; pass it again: resume(folder, data)")
    try:
        return sources.open(), {}
    except DataError as error:
        raise RunError(
            f"the data of {run}: {error}; if it lies elsewhere now: "
            f"`gancore train --resume {run} --data {' --data '.join(['PLACE'] * len(sources.data))}`"
        ) from None


def fingerprint(data: Data, settings: Settings) -> str:
    """The fingerprint of the images that are trained on, without those held out."""
    return (data.split(settings.hold_out)[0] if settings.hold_out else data).fingerprint
