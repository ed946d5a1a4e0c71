"""Checks of recipes, on random rows."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gancore.component.fields import seats
from gancore.component.interfaces import Average
from gancore.component.part import Part
from gancore.errors import FitError
from gancore.measure.diagnostics import of_labels
from gancore.pipeline import Pipeline
from gancore.recipes.base import Recipe
from gancore.recipes.products import products
from gancore.testing.check import check, ensure
from gancore.testing.excuses import row_by_row
from gancore.testing.forward import disturb
from gancore.testing.processes import gradients_of_two
from gancore.testing.stage import BATCH, Rows, drive, gradients_of, start, weights
from gancore.testing.toy_networks import ASKED
from gancore.testing.trial import Trial
from gancore.training.checkpoint import load_checkpoint, save_checkpoint
from gancore.training.run import TrainingRun

STEPS = 2


class Watching(TrainingRun):
    """Records which weights each update moves."""

    def __init__(self, *given: Any, **how: Any) -> None:
        super().__init__(*given, **how)
        self.moved: dict[str, set[str]] = {name: set() for name in self.player_optimizers}

    def update(self, player: str, *given: Any, **how: Any) -> dict[str, Tensor]:
        """Updates as usual, and compares all weights before and after."""
        before = self._weights()
        made = super().update(player, *given, **how)
        for name, value in self._weights().items():
            if not torch.equal(value, before[name]):
                self.moved[player].add(name)
        return made

    def _weights(self) -> dict[str, Tensor]:
        named = {
            f"{a.name}: {name}": p for a in self.player_optimizers.values() for name, p in a.named.items()
        }
        return {name: p.detach().clone() for name, p in named.items()}


def _has_players(recipe: Recipe) -> str:
    return "" if recipe.players() else "it has no players"


@check(Recipe, excuse=_has_players, trials=2)
def an_update_moves_its_player_alone(trial: Trial[Recipe]) -> None:
    """An update moves weights of its own player only."""
    run = start(trial.part, seed=trial.seed, run=Watching)
    assert isinstance(run, Watching)
    drive(run, STEPS)
    for player, moved in run.moved.items():
        mine = {f"{player}: {name}" for name in run.player_optimizers[player].named}
        # one weight may belong to two players
        shared = {id(p) for p in run.player_optimizers[player].parameters}
        others = {
            f"{a.name}: {name}"
            for a in run.player_optimizers.values()
            for name, p in a.named.items()
            if id(p) not in shared
        }
        ensure(not moved & others, f"an update of the {player} moves {', '.join(sorted(moved & others)[:3])}")
        ensure(bool(moved & mine) or not mine, f"{STEPS} steps move no weight of the {player}")


@check(Recipe, excuse=lambda recipe: "" if _asked(recipe) else "it has no seats for penalties", trials=1)
def asks_what_stands_in_its_seats(trial: Trial[Recipe]) -> None:
    """A penalty, an auxiliary objective or a constraint in one of its seats is used in the first step."""
    for name, kind in _asked(trial.part).items():
        recipe: Recipe = trial.configuration.changed({name: [kind]}).make(seed=trial.seed)
        try:
            drive(start(recipe, seed=trial.seed), 1)
        except FitError as error:
            ensure(False, str(error))


def _asked(recipe: Recipe) -> dict[str, type[Part]]:
    return {
        place.name: ASKED[place.interface]
        for place in seats(type(recipe))
        if place.many and place.interface in ASKED
    }


@check(Recipe, trials=3)
def terms_are_finite(trial: Trial[Recipe]) -> None:
    """What a step logs is finite, and so are all weights after it."""
    run = start(trial.part, seed=trial.seed)
    drive(run, STEPS, finish=True)
    logged = run.take_log()
    wrong = [name for name, value in logged.items() if not torch.tensor(value).isfinite()]
    ensure(not wrong, f"the terms {', '.join(wrong)} are not finite")
    ensure(
        bool(logged) or not trial.part.players(),
        "its updates log nothing; return named scalars from the terms",
    )
    _ensure_finite(trial.part)


@check(Recipe, excuse=_has_players, trials=1)
def trains_in_bf16(trial: Trial[Recipe]) -> None:
    """Under bf16 autocast a step leaves finite float32 weights."""
    run = start(trial.part, seed=trial.seed, precision="bf16")
    drive(run, 1)
    _ensure_finite(trial.part)


@check(Recipe, trials=2)
def resumes_to_the_same_bits(trial: Trial[Recipe]) -> None:
    """Saved, restored into another recipe and continued, it ends with the same bits as without
    interruption.
    """
    whole = start(trial.part, seed=trial.seed)
    drive(whole, STEPS)
    with tempfile.TemporaryDirectory() as folder:
        saved = save_checkpoint(whole, Path(folder), seconds=0.0, keep=1)
        resumed = start(trial.fresh(seed=trial.seed + 1), seed=trial.seed)
        load_checkpoint(resumed, saved)
    drive(whole, STEPS, finish=True)
    drive(resumed, STEPS, finish=True)
    _ensure_same_bits(resumed, whole)


@check(Recipe, excuse=lambda recipe: _has_players(recipe) or row_by_row(recipe), trials=2)
def micro_batches_equal_the_whole(trial: Trial[Recipe]) -> None:
    """In micro-batches every update has the gradients of the whole batch, in float64 to 1e-10."""
    whole = gradients_of(trial.configuration, trial.seed)
    _ensure_agrees(
        gradients_of(trial.configuration, trial.seed, micro_batch=BATCH // 2), whole, "in micro-batches"
    )


@check(Recipe, excuse=row_by_row, trials=2)
def two_processes_equal_one(trial: Trial[Recipe]) -> None:
    """Two gloo processes have the gradients of one, in float64 to 1e-10."""
    whole = gradients_of(trial.configuration, trial.seed)
    for found in gradients_of_two(trial.configuration, trial.seed):
        _ensure_agrees(found, whole, "in two processes")


@check(Recipe, trials=2)
def pipelines_give_images(trial: Trial[Recipe]) -> None:
    """After training, every pipeline gives images in [-1, 1], identical for the same seed, and the same after
    saving and loading.
    """
    run = start(trial.part, seed=trial.seed)
    drive(run, STEPS, finish=True)
    pipelines = products(trial.part)
    ensure(bool(pipelines), "it has no pipeline")
    batch = Rows(trial.part, seed=trial.seed).next(3)
    batch |= trial.part.derive(batch)
    for name, pipeline in pipelines.items():
        _ensure_entries(name, pipeline, batch)
        image = _product(pipeline, batch)
        expected = (3, *pipeline.generator.image)
        ensure(
            tuple(image.shape) == expected,
            f"the pipeline {name} gives {tuple(image.shape)}, expected {expected}",
        )
        fine = bool(image.isfinite().all()) and float(image.abs().max()) <= 1
        ensure(fine, f"the pipeline {name} gives values that are non-finite or outside [-1, 1]")
        ensure(
            torch.equal(_product(pipeline, batch), image),
            f"the pipeline {name} gives other images for the same seed",
        )
        with tempfile.TemporaryDirectory() as folder:
            pipeline.save(Path(folder) / "saved")
            loaded = Pipeline.load(Path(folder) / "saved")
        # a loaded network may have another memory format, and therefore round differently
        same = torch.allclose(_product(loaded, batch), image, rtol=0, atol=1e-4)
        ensure(same, f"the pipeline {name}, saved and loaded, gives other images")


@check(Recipe, excuse=lambda recipe: "" if _encoders(recipe) else "it trains no encoder", trials=1)
def pipelines_reconstruct_images(trial: Trial[Recipe]) -> None:
    """A pipeline with an encoder encodes images of the data, with their labels if they have any, and decodes
    their codes.
    """
    run = start(trial.part, seed=trial.seed)
    drive(run, STEPS, finish=True)
    batch = Rows(trial.part, seed=trial.seed).next(3)
    batch |= trial.part.derive(batch)
    for name, pipeline in _encoders(trial.part).items():
        image = batch[pipeline.reads or pipeline.makes]
        label = batch.get("label") if pipeline.reads_labels else None
        code = pipeline.encode(image, label)
        made = pipeline.reconstruct(image, label, seed=1)
        assert pipeline.encoder is not None
        latent = pipeline.encoder.gives == "latent"
        expected = pipeline.conditioner.latent_shape if latent else pipeline.generator.code_shape
        ensure(
            tuple(code.shape[1:]) == tuple(expected),
            f"the encoder of the pipeline {name} gives {pipeline.encoder.gives}s {tuple(code.shape[1:])}, "
            f"expected {tuple(expected)}",
        )
        ensure(
            tuple(made.shape) == (3, *pipeline.generator.image) and bool(made.isfinite().all()),
            f"the pipeline {name} reconstructs images as {tuple(made.shape)}",
        )


def _encoders(recipe: Recipe) -> dict[str, Pipeline]:
    return {name: pipeline for name, pipeline in recipe.pipelines().items() if pipeline.encoder is not None}


def _ensure_entries(name: str, pipeline: Pipeline, batch: Mapping[str, Tensor]) -> None:
    for entry in (pipeline.reads, pipeline.makes):
        ensure(
            not entry or entry in batch,
            f"the pipeline {name} reads {pipeline.reads!r} and makes {pipeline.makes!r}, but a batch holds "
            f"{', '.join(sorted(batch))}",
        )


@check(Recipe, trials=1)
def pipelines_hold_what_is_trained(trial: Trial[Recipe]) -> None:
    """The weights of its pipelines are its own, live or averaged, and `pipelines` makes no new ones."""
    before = dict(trial.part.named_parameters())
    pipelines = trial.part.pipelines()
    after = dict(trial.part.named_parameters())
    anew = [name for name in before if after.get(name) is not before[name]]
    ensure(not anew, f"pipelines() makes {', '.join(anew[:3])} anew, which its optimizer then does not move")
    mine = set(map(id, before.values()))
    for name, pipeline in pipelines.items():
        for seat, part in pipeline.parts.items():
            strange = [key for key, p in part.named_parameters() if id(p) not in mine]
            ensure(
                not strange,
                f"the {seat} of the pipeline {name} has weights that are not the recipe's "
                f"({', '.join(strange[:3])}), so that no training moves them and no checkpoint keeps them; "
                "hold that part in a seat or make it in build",
            )


@check(Recipe, excuse=_has_players, trials=2)
def pipelines_begin_as_the_networks(trial: Trial[Recipe]) -> None:
    """Before the first step, each network of a pipeline has the weights of one outside of the averages, which
    it is or follows.
    """
    recipe = trial.part
    averages = {m for a in recipe.modules() if isinstance(a, Average) for m in a.modules()}
    live = [m for m in recipe.modules() if isinstance(m, Part) and m not in averages]
    for name, pipeline in recipe.pipelines().items():
        for place, part in pipeline.parts.items():
            started = any(type(m) is type(part) and _same_weights(m, part) for m in live)
            ensure(
                started or not part.state_dict(),
                f"the {place} of the pipeline {name} begins with other weights than every network of the "
                "recipe; start averages in build, after all that changes layers, such as share",
            )


def _same_weights(some: Part, other: Part) -> bool:
    mine, theirs = some.state_dict(), other.state_dict()
    return mine.keys() == theirs.keys() and all(torch.equal(mine[name], theirs[name]) for name in mine)


@check(Recipe, excuse=lambda recipe: "" if _labeled(recipe) else "it draws no images by label", trials=2)
def labels_change_the_images(trial: Trial[Recipe]) -> None:
    """A pipeline that reads labels gives different images for different labels and the same latents."""
    disturb(trial.part)
    for name, pipeline in _labeled(trial.part).items():
        effect = of_labels(pipeline, seed=trial.seed).get("label effect", 0.0)
        ensure(
            effect > 1e-4,
            f"the generator of the pipeline {name} ignores its label: another one changes an image by "
            f"{effect:.2g} of what another latent does",
        )


def _labeled(recipe: Recipe) -> dict[str, Pipeline]:
    return {
        name: pipeline
        for name, pipeline in recipe.pipelines().items()
        if pipeline.sampler is not None and pipeline.labels is not None and pipeline.conditioner.conditional
    }


def _product(pipeline: Pipeline, batch: Mapping[str, Tensor]) -> Tensor:
    if pipeline.product == "draws":
        return pipeline.sample(3, seed=1)
    return torch.cat(list(pipeline.apply(batch[pipeline.reads], batch.get("label"), seed=1)))


def _ensure_finite(recipe: Recipe) -> None:
    wrong = [
        name
        for name, value in weights(recipe).items()
        if value.is_floating_point() and not value.isfinite().all()
    ]
    ensure(not wrong, f"after training {', '.join(wrong[:4])} are not finite")


def _ensure_same_bits(found: TrainingRun, expected: TrainingRun) -> None:
    mine, theirs = weights(found.recipe), weights(expected.recipe)
    wrong = [name for name in theirs if not torch.equal(mine[name], theirs[name])]
    ensure(
        not wrong,
        f"after resuming {', '.join(wrong[:4])} end with different bits; keep everything that "
        "training changes in parameters and buffers",
    )
    ensure(
        torch.equal(found.rng.get_state(), expected.rng.get_state()),
        "after resuming, different random numbers are drawn",
    )
    for name, player_optimizer in expected.player_optimizers.items():
        state, other = player_optimizer.state()[0], found.player_optimizers[name].state()[0]
        wrong = [key for key, value in state.items() if not torch.equal(value, other[key])]
        ensure(
            not wrong,
            f"after resuming, the optimizer of the {name} ends with different bits ({', '.join(wrong[:4])})",
        )


def _ensure_agrees(found: dict[str, Tensor], expected: dict[str, Tensor], how: str) -> None:
    ensure(list(found) == list(expected), f"{how} different updates are made")
    for name, value in expected.items():
        # running means over a batch are kept in float32
        tolerance = 1e-5 if name.startswith("state") else 1e-10
        off = float((found[name].double() - value.double()).abs().max()) if value.numel() else 0.0
        fine = off <= tolerance * max(1.0, float(value.double().abs().max()) if value.numel() else 0.0)
        ensure(
            fine,
            f"{how} the gradient or state of '{name}' is off by {off:.3g}, expected less than {tolerance:g}; "
            "see the tag `batch`",
        )
