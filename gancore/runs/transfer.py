"""Transfer learning: a recipe that starts from the networks of a run, a checkpoint or a pipeline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gancore.component.discovery import registry
from gancore.component.interfaces import ImageShape
from gancore.component.part import Part, fact_fields, seats
from gancore.component.specs import spec
from gancore.errors import FitError
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline

NETWORKS = ("conditioner", "generator", "discriminator", "encoder", "sampler")
"""The seats whose weights are taken; a sampler only if it has weights."""

Tables = Mapping[str, dict[str, Any]]


def trained_networks(source: Path | str) -> tuple[Tables, ImageShape]:
    """The networks of a run, checkpoint or pipeline by seat, as tables that load their weights from there;
    and the shape of their images.

    From a run come the averaged generator and the discriminator of the last checkpoint; from a checkpoint,
    the networks as trained.

    Raises:
        RunError, CheckpointError: there is no pipeline, or it is damaged.
    """
    run = RunFolder.around(source) or RunFolder(source)
    pipeline = load_pipeline(run)
    tables = {name: _options(type(part), spec(part, path=name)) for name, part in pipeline.parts.items()}
    recipe = run.recipe_spec() if run.recipe_file.is_file() else {}
    if isinstance(judge := recipe.get("discriminator"), dict):
        tables["discriminator"] = _options(registry().find("discriminator", str(judge.get("part"))), judge)
    weightless = {name for name, part in pipeline.parts.items() if not part.state_dict()}  # as one-hot
    found: Tables = {
        name: tables[name] if name in weightless else {**tables[name], "from": f"{source}:{name}"}
        for name in NETWORKS
        if name in tables and not (name == "sampler" and name in weightless)
    }
    return found, pipeline.generator.image


def start_from(table: Mapping[str, Any], networks: Tables) -> dict[str, Any]:
    """The recipe's table with the networks in its seats. Raises FitError if it has no seat for the
    generator.
    """
    cls = registry().base_of("recipe", str(table.get("part")))
    names = {place.name for place in seats(cls)}
    if "generator" not in names:
        raise FitError(
            f"recipe/{cls.name} has no seat for a generator (its seats: "
            f"{', '.join(sorted(names)) or 'none'}); train another recipe"
        )
    return {**table, **{name: network for name, network in networks.items() if name in names}}


def _options(cls: type[Part], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table without facts, which the neighbors provide, and without an older source of weights."""
    facts = {a.name for a in fact_fields(cls)}
    return {key: value for key, value in table.items() if key not in facts | {"from", "frozen"}}
