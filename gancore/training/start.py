"""Starts a training from a recipe and data, or resumes one from its run folder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch

from gancore.component.bounded import bounded_by_machine
from gancore.component.interfaces import LabelSampler
from gancore.data import Data, ImageOptions, open_data
from gancore.data.code_maps import CodeMaps, encoded
from gancore.data.first_stage import FirstStage
from gancore.errors import FactError, FitError, UserError
from gancore.measure.instances import most_typical
from gancore.progress import tell
from gancore.recipes.base import Recipe
from gancore.recipes.beginnings import check_schedules_begin
from gancore.recipes.codebooks import check_codebooks_fill
from gancore.recipes.conditions import check_both_sides_read, check_labels_arrive
from gancore.runs.first_stages import Given, first_stage_of, noted
from gancore.runs.folder import RunFolder
from gancore.runs.instances import note_instances, one_domain
from gancore.runs.settings import Settings
from gancore.runs.sources import Sources, places_of
from gancore.training.going_on import (
    Changes,
    changed_recipe,
    changed_settings,
    check_same_state,
    differing,
    fingerprint,
    opened_data,
)
from gancore.training.loop import Training
from gancore.training.ranks import Ranks


def train(
    recipe: Recipe,
    data: Data | Sources | str = "emoji",
    *,
    output: Path | str | None = None,
    settings: Settings | None = None,
    first_stage: FirstStage | None = None,
    command: Sequence[str] = (),
    **changes: Any,
) -> Training:
    """Trains a recipe on data in a new run folder; returns the finished training.

    `changes` are fields of `Settings`. The recipe gets its facts from the data. With a first stage, its
    images are the codes of the data, and the pipelines decode what they draw. At the end, a checkpoint, the
    pipelines and a report are written.

    Raises:
        UserError: a setting, an option or the data is invalid.
        RunError: the folder is in use, or the disk is full.
        NotFinite: a term or gradient became NaN or infinite.
        Interrupted: a signal asked to stop; everything is saved.
    """
    settings = Settings.of(**{**(attrs.asdict(settings) if settings else {}), **changes})
    ranks = Ranks.join()
    tell("opening the data")
    data = Sources(data=(data,)) if isinstance(data, str) else data
    opened = data.open() if isinstance(data, Sources) else data
    whole, chosen = opened, chosen_instances(opened, settings, ranks)
    opened = opened if chosen is None else one_domain(opened).select(chosen)
    rows = opened if first_stage is None else coded(opened, first_stage, data, settings, ranks)
    fit_to_data(recipe, rows, settings.seed)
    check_both_sides_read(recipe)  # not on resuming: older runs may hold such recipes
    check_draws(recipe, rows)
    check_codebooks_fill(recipe, len(rows))
    training = Training(recipe, rows, settings, ranks)
    check_schedules_begin(recipe, training.total)
    name = recipe.preset.rpartition(":")[2] or recipe.name
    folder = RunFolder(ranks.from_first(lambda: str(RunFolder.new(output, name))))
    table: dict[str, Any] = data.table() if isinstance(data, Sources) else {"description": opened.description}
    table["fingerprint"] = fingerprint(opened, settings)
    table["class_names"] = list(own_names(opened.class_names))
    table |= {} if first_stage is None else noted(first_stage)

    def begin() -> None:
        folder.describe(recipe, settings, table, command)
        folder.note_unreadable(opened.skipped)
        if chosen is not None:
            note_instances(folder, one_domain(whole), chosen.tolist())

    training.go(folder, begin=begin)
    return training


def resume(
    folder: Path | str,
    data: Any = None,
    *,
    set: Mapping[str, Any] | None = None,
    first_stage: Given | None = None,
    **settings: Any,
) -> Training:
    """Resumes a run from its newest intact checkpoint, bit-identically if nothing is changed.

    `images` extends the training. Other fields of `Settings` may change too, except seed, held-out images
    and the score of the best checkpoint; and, by path in `set`, options of the recipe, its optimizers, losses
    and regularizers: `set={"generator_optimizer.lr": 1e-5}`. What changed is recorded in the run. `data` says
    where the same images and labels lie now, and `first_stage` where the same first stage does.

    Raises:
        UserError: something cannot change in a run that has begun.
        RunError: the folder is not a run, or its data or its first stage has changed.
    """
    tell("opening the data")
    run, changes = RunFolder(folder), dict(set or {})
    places = data if data is None or isinstance(data, Data | Sources) else places_of(data) or open_data(data)
    chosen = changed_settings(run, settings)
    recipe, table = changed_recipe(run, changes)
    stage, moved_stage = first_stage_of(run, first_stage)
    opened, moved = opened_data(run, places)
    moved, ranks = {**moved, **moved_stage}, Ranks.join()
    if stage is not None:
        opened = coded(opened, stage, places if isinstance(places, Sources) else run.sources, chosen, ranks)
    fit_to_data(recipe, opened, chosen.seed)
    if changes:
        before = run.recipe()
        fit_to_data(before, opened, chosen.seed)
        check_same_state(before, recipe, changes)
    training = Training(recipe, opened, chosen, ranks)
    asked = Changes(recipe=changes, settings=differing(run.settings, settings), data=moved)

    def begin() -> None:
        if said := asked.said():
            run.record_change(recipe=table, settings=asked.settings, data=moved, said=said)
        run.note_unreadable(opened.skipped)

    training.go(run, begin=begin, resuming=True, changes=asked.said())
    return training


def chosen_instances(data: Data, settings: Settings, ranks: Ranks) -> npt.NDArray[np.int64] | None:
    """The numbers of the images to train on, the same on every rank; None for all.

    Raises:
        UserError: the data are not images of one domain.
    """
    if settings.instance_selection == 1:
        return None
    images = one_domain(data)
    told = ranks.from_first(lambda: json.dumps(most_typical(images, settings.instance_selection).tolist()))
    return np.array(json.loads(told), dtype=np.int64)


def coded(data: Data, stage: FirstStage, given: Any, settings: Settings, ranks: Ranks) -> Data:
    """The data as codes of the first stage: the first process encodes and caches them, and the others read
    them. `given` says where they may be cached.

    Raises:
        DataError: the first stage does not read such images.
    """
    options = given.options if isinstance(given, Sources) else ImageOptions()
    stage.pipeline.to(settings.torch_device())
    made: list[Data] = []

    def encode() -> str:
        made.append(encoded(data, stage, options.cache_folder()))
        return "encoded"

    ranks.from_first(encode)
    return made[0] if made else encoded(data, stage, options.cache_folder())


def check_draws(recipe: Recipe, data: Data) -> None:
    """Raises FitError if the data are codes and a pipeline of the recipe works on images."""
    if data.pictures is data:
        return
    for name, pipeline in recipe.pipelines().items():
        if pipeline.product != "draws" or pipeline.encoder is not None:
            raise FitError(
                f"the pipeline {name} of {recipe.qualified_name} works on images, but here the images are "
                "codes of a first stage; use a recipe whose pipelines only draw, such as dcgan"
            )


def fit_to_data(recipe: Recipe, data: Data, seed: int) -> None:
    """Gives the recipe its facts, and its label samplers the labels of the data.

    Raises:
        UserError: the data lacks something that the recipe needs.
    """
    missing = recipe.wants - {"label"} - set(data.rows(np.arange(1)))
    if missing:
        needs = (
            "two domains (--data SOURCE --data TARGET), or pairs of one (--source-from)"
            if missing & {"source", "target"}
            else "one source of images"
        )
        raise UserError(
            f"{recipe.qualified_name} trains on {', '.join(sorted(recipe.wants))}: it needs {needs}; "
            f"got {data.description}"
        )
    if recipe.learns_pairs and not data.paired:
        raise UserError(
            f"{recipe.qualified_name} learns from pairs, but these images are not paired "
            f"({data.description}); give --paired to match them by name, or one --data with --source-from"
        )
    check_labels_arrive(recipe)
    with bounded_by_machine():
        try:
            recipe.bind(seed=seed, by=f"the data ({data.description})", facts=data.facts())
        except (FactError, FitError) as error:
            if isinstance(data, CodeMaps):
                raise type(error)(f"{error}; {_of_codes(data)}") from None
            if isinstance(error, FactError) and not data.classes:
                raise FactError(f"{error}; the data: {data.description}") from None
            raise
    recipe.require()
    if "label" in recipe.wants and not data.classes:
        raise UserError(
            f"{recipe.qualified_name} reads labels, but the data has none ({data.description}); "
            "give labeled data"
        )
    teach_labels(recipe, data)


def _of_codes(data: CodeMaps) -> str:
    """What networks read that do not fit codes."""
    return (
        f"here the images are codes of shape {data.image}, as {data.stage.title} makes them; use networks "
        "that read such, or a first stage with other codes"
    )


def teach_labels(recipe: Recipe, data: Data) -> None:
    """Gives the label samplers of a recipe the labels of the data and the names of the classes.

    Raises:
        FitError: a label sampler that the recipe uses draws other labels than the data have.
    """
    labels = getattr(data, "labels", None)
    if not data.classes or labels is None:
        return
    values = torch.from_numpy(np.array(labels))
    for part in (p for p in recipe.modules() if isinstance(p, LabelSampler)):
        part.class_names = own_names(data.class_names)
        part.learn(values)
        if "label" in recipe.wants:
            _check_drawn(part, values)


def own_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names of classes, or none if they are just the numbers of the classes."""
    return () if all(name == str(number) for number, name in enumerate(names)) else tuple(names)


def _check_drawn(part: LabelSampler, labels: torch.Tensor) -> None:
    drawn = part(1, rng=torch.Generator().manual_seed(0))
    if drawn.is_floating_point() != labels.is_floating_point() or drawn.shape[1:] != labels.shape[1:]:
        raise FitError(
            f"{part.qualified_name} draws {drawn.dtype} labels of shape {tuple(drawn.shape[1:])}, but those "
            f"of the data are {labels.dtype} of shape {tuple(labels.shape[1:])}; "
            "set labels to one that draws such, as empirical"
        )
