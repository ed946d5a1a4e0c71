"""Transfer learning: a recipe that starts from the networks of a run, a checkpoint or a pipeline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from gancore.component.discovery import registry
from gancore.component.interfaces import Generator, ImageShape
from gancore.component.part import Part, fact_fields, seats
from gancore.component.specs import spec
from gancore.errors import FitError
from gancore.runs.folder import RunFolder
from gancore.runs.opening import load_pipeline
from gancore.standard.decoded import Decoded

NETWORKS = ("conditioner", "generator", "discriminator", "encoder", "sampler")
"""The kinds of parts whose weights are taken; a sampler only if it has weights."""

JUDGES_AND_TRANSLATORS = ("discriminator", "encoder", "generator")
"""The kinds that a recipe may have in seats of any name, outside of its pipelines."""

Tables = Mapping[str, dict[str, Any]]


def trained_networks(source: Path | str) -> tuple[Tables, ImageShape]:
    """The networks of a run, checkpoint or pipeline by seat, as tables that load their weights from there;
    and the shape of their images.

    From a run come the averaged networks of its pipeline, and of the last checkpoint those that are in no
    pipeline, such as discriminators and the two translators of CycleGAN; from a checkpoint, the networks as
    trained.

    Raises:
        RunError, CheckpointError: there is no pipeline, or it is damaged.
    """
    run = RunFolder.around(source) or RunFolder(source)
    pipeline = load_pipeline(run)
    parts = {name: part for name, part in pipeline.parts.items() if name in NETWORKS}
    inside = {name: name for name in parts}
    if isinstance(pipeline.generator, Decoded):  # the decoder is that of the first stage
        parts["generator"] = pipeline.generator.codes
        inside["generator"] = "generator" if RunFolder.around(source) else "generator.codes"
    tables = {name: _options(type(part), spec(part, path=name)) for name, part in parts.items()}
    recipe = run.recipe_spec() if run.recipe_file.is_file() else {}
    tables |= {name: table for name, table in _seated(recipe).items() if name not in tables}
    weightless = {name for name, part in parts.items() if not part.state_dict()}  # as one-hot
    found: Tables = {
        name: tables[name]
        if name in weightless
        else {**tables[name], "from": f"{source}:{inside.get(name, name)}"}
        for name in tables
        if not (name == "sampler" and name in weightless)
    }
    return found, cast(Generator, parts["generator"]).image


def start_from(table: Mapping[str, Any], networks: Tables) -> dict[str, Any]:
    """The recipe's table with the networks in its seats. Raises FitError if it has no seat for any."""
    cls = registry().base_of("recipe", str(table.get("part")))
    names = {place.name for place in seats(cls)}
    if not names & set(networks):
        raise FitError(
            f"recipe/{cls.name} has no seat for {', '.join(networks)} (its seats: "
            f"{', '.join(sorted(names)) or 'none'}); train another recipe"
        )
    return {**table, **{name: network for name, network in networks.items() if name in names}}


def _seated(recipe: Mapping[str, Any]) -> Tables:
    """The networks in the seats of a saved recipe; none if there is no recipe."""
    if not recipe:
        return {}
    places = {
        place.name: place.interface for place in seats(registry().base_of("recipe", str(recipe["part"])))
    }
    tables = {name: recipe[name] for name in places if isinstance(recipe.get(name), dict)}
    return {
        name: _options(registry().find(places[name].kind, str(table.get("part"))), table)
        for name, table in tables.items()
        if places[name].kind in JUDGES_AND_TRANSLATORS
    }


def _options(cls: type[Part], table: Mapping[str, Any]) -> dict[str, Any]:
    """The table without facts, which the neighbors provide, and without an older source of weights."""
    facts = {a.name for a in fact_fields(cls)}
    return {key: value for key, value in table.items() if key not in facts | {"from", "frozen"}}
