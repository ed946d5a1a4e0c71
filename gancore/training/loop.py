"""The training loop, with reports, sample grids, evaluations and checkpoints."""

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gancore.component.discovery import host
from gancore.component.precision import computes_bfloat16
from gancore.data import Data, Loader
from gancore.errors import CheckpointError, GancoreError, Interrupted, MeasureError, NotFinite, RunError
from gancore.measure.alarms import Alarm
from gancore.measure.evaluation import values_table
from gancore.pictures.report import write_report
from gancore.pipeline import Pipeline
from gancore.progress import hushed, tell
from gancore.recipes.base import Recipe
from gancore.recipes.products import products
from gancore.runs.again import going_on
from gancore.runs.folder import RunFolder
from gancore.runs.layout import counted
from gancore.runs.log import Log
from gancore.runs.settings import Settings
from gancore.training.checkpoint import load_checkpoint, prune, save_checkpoint, set_aside
from gancore.training.entries import check_entries, with_entries
from gancore.training.finite import FiniteState
from gancore.training.first_step import take_step
from gancore.training.memory import peak_memory_mb
from gancore.training.monitor import Evaluated, Monitor
from gancore.training.pages import Pages
from gancore.training.player_optimizer import ADVICE
from gancore.training.ranks import Ranks
from gancore.training.remedies import remedies
from gancore.training.run import TrainingRun
from gancore.training.sample_grids import SHOWN, write_grids, write_real
from gancore.training.stopping import Stopping


class Training:
    """A training run, with its folder once it has started."""

    def __init__(self, recipe: Recipe, data: Data, settings: Settings, ranks: Ranks) -> None:
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.recipe, self.settings, self.ranks = recipe, settings, ranks
        self.data, self.held_out = _split(data, settings)
        self.total = settings.images or recipe.length(len(self.data))
        batch = min(settings.batch or recipe.batch_size, self.total)
        own = {"seed": settings.seed, "batch": batch, "rank": ranks.rank, "world": ranks.world}
        self.loader = Loader(self.data, **own)
        self.run = TrainingRun(
            recipe,
            self.loader,
            batch=batch,
            micro_batch=settings.micro_batch,
            seed=settings.seed,
            total=self.total,
            device=settings.torch_device(),
            precision=settings.precision,
            ranks=ranks,
            held_out=None if self.held_out is None else Loader(self.held_out, **own),
            compile=settings.compile,
        )
        self.finite = FiniteState(recipe, self.run.player_optimizers)
        training, held_out = (d and with_entries(recipe, d) for d in (self.data, self.held_out))
        assert training is not None
        check_entries(recipe, training)
        shown = held_out or training
        self.fixed = shown.rows(np.linspace(0, len(shown) - 1, min(SHOWN, len(shown))).astype(int))
        self.monitor = Monitor(recipe, training, held_out, settings, self.total)
        self.pages = Pages()
        self._enter(RunFolder(""))
        self.before = 0.0
        self.started = time.monotonic()

    @property
    def images(self) -> int:
        """Images seen so far."""
        return self.run.images

    @property
    def seconds(self) -> float:
        """Seconds trained, over all resumptions."""
        return self.before + time.monotonic() - self.started

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.run_folder.path

    def products(self) -> dict[str, Pipeline]:
        """The pipelines of images, as they are sampled, evaluated and saved."""
        return products(self.recipe, self.data.decoded)

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return repr(self.run_folder)

    def _repr_html_(self) -> str:
        return self.run_folder._repr_html_()

    def _enter(self, run_folder: RunFolder) -> None:
        self.run_folder, self.log = run_folder, Log(run_folder.log_file)

    def go(
        self,
        run_folder: RunFolder,
        *,
        begin: Callable[[], None],
        resuming: bool = False,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """Trains to the end in this folder; `begin` is called once the folder is locked. `changes` is what
        differs from how a resumed run was trained so far, for its log.

        Raises:
            GancoreError: as for `train`; committed checkpoints are never lost.
        """
        self._enter(run_folder)
        try:
            with (
                run_folder.lock() if self.ranks.first else nullcontext(),
                Stopping(shared=self.ranks.joined) as stopping,
                self.log,
            ):
                if self.ranks.first:
                    run_folder.sweep()
                    begin()
                self._train(stopping, resuming, changes or {})
        except OSError as error:
            raise RunError(
                f"{error.strerror or error}: {error.filename or run_folder}; "
                "committed checkpoints are intact: free some disk space or check the "
                f"permissions, then continue with `gancore train --resume {run_folder}`"
            ) from error
        finally:
            self.loader.close()

    def _train(self, stopping: Stopping, resuming: bool, changes: Mapping[str, Any]) -> None:
        try:
            tell("reading the checkpoint" if resuming else "drawing the first samples")
            self._restore() if resuming else self._grids()
            self._page()
            self.ranks.wait()  # for the first one, which alone writes
            if changes:
                self._event("changed", changes=dict(changes))
            with hushed():
                self._tell("gancore_started")
                self._check_precision()
                self.started = time.monotonic()
                self._loop(stopping)
                self._end()
        except GancoreError as error:
            with suppress(GancoreError):  # on a full disk this line cannot be written either
                self._event("stopped", reason=str(error))
                if self.ranks.first:
                    write_report(self.run_folder)
            raise

    def _end(self) -> None:
        if self.recipe.done and self.run.images < self.total:
            self._warn(f"ended after {self.run.images:,} of {self.total:,} images: {self.recipe.done}")
        if not self.run.finished:
            self.recipe.finish(self.run)
            self.run.finished = True
        self._report()
        if self.settings.evaluate_every != 0:
            self._evaluate()
        self._commit(final=True)

    def _loop(self, stopping: Stopping) -> None:
        while self.run.images < self.total and not self.recipe.done:
            before = self.run.images
            take_step(self.run)
            if self.run.step % self.finite.every == 0:
                self._check_finite()
            self.run.finished = False
            self._tell("gancore_stepped")
            if self._due("report_every", before):
                self._report()
            self._look(before)
            stop = self.ranks.any(stopping.asked)
            if (stop or self._due("checkpoint_every", before)) and self.run.images < self.total:
                self._commit()
            if stop and self.run.images < self.total:
                raise Stopped(
                    f"stopped at {self.run.images} images; "
                    f"continue with `gancore train --resume {self.folder}`",
                    stopping.exit_code,
                )

    def _look(self, before: int) -> None:
        """Sample grids and scores where they are due, and the report of them."""
        grids = self._due("sample_every", before)
        scores = (
            self.settings.evaluate_every != 0
            and self._due("evaluate_every", before)
            and self.run.images < self.total
        )
        if grids:
            self._grids()
        if scores:
            self._evaluate()
        if grids or scores:
            self._page()

    def _page(self) -> None:
        if self.ranks.first and (failure := self.pages.write(self.run_folder)):
            self._warn(failure)

    def _due(self, name: str, before: int) -> bool:
        every = self.settings.interval(name, self.total)
        return before // every != self.run.images // every or self.run.images >= self.total

    def _evaluate(self) -> None:
        found = None
        done = self.monitor.evaluated_at == self.run.images  # before the process was killed
        if self.ranks.first and self.recipe.ready and not done:
            try:
                found = self._evaluated()
            except MeasureError as error:
                self._warn(f"not evaluated at {self.run.images} images: {error}")
        if self.ranks.any(found is not None and found.best):
            self._commit()

    def _evaluated(self) -> Evaluated:
        found = self.monitor.evaluate(self.run.images)
        found.evaluation.save(self.run_folder.score_file(self.run.images))
        scores = values_table(found.evaluation.scores)
        self._event(
            "scores",
            scores=scores,
            diagnostics=found.diagnostics,
            alarms=found.standing,
            seconds=round(found.evaluation.seconds, 2),
        )
        self._tell("gancore_scored", scores={name: entry["value"] for name, entry in scores.items()})
        for alarm in found.alarms:
            self._alarm(alarm)
        return found

    def _alarm(self, alarm: Alarm) -> None:
        changes = remedies(alarm.name, self.recipe)
        self._event("alarm", name=alarm.name, text=alarm.text, advice=list(alarm.advice), changes=changes)
        stop = f". Stop it, then for example: {going_on(self.run_folder, changes[0])}" if changes else ""
        self._tell("gancore_warned", text=f"{alarm.name}: {alarm.text}. Try {'; '.join(alarm.advice)}{stop}")

    def _report(self) -> None:
        scalars = self.run.take_log()
        if self.ranks.first and scalars:
            self.monitor.reports.append(scalars)
            self.log.write(step=self.run.step, images=self.run.images, seconds=self.seconds, scalars=scalars)
            self._tell("gancore_reported", scalars=scalars)

    def _grids(self) -> None:
        if not (self.ranks.first and self.recipe.ready):
            return
        pipelines = self.products()
        write_real(next(iter(pipelines.values())), self.monitor.data.pictures, self.run_folder)
        self.run_folder.samples_folder.mkdir(exist_ok=True)
        paired = self.monitor.data.paired
        for path in write_grids(
            pipelines, self.fixed, self.run_folder, self.run.images, self.settings.seed, paired=paired
        ):
            self._tell("gancore_sampled", path=str(path))

    def _check_finite(self) -> None:
        """Raises NotFinite where a number that a checkpoint would hold is not finite."""
        if (broken := self.finite.broken()) is not None:
            name, value = broken
            since = "" if self.finite.every == 1 else f", or the {self.finite.every - 1} before it"
            raise NotFinite(f"step {self.run.step - 1}{since}: {name} became {value}; {ADVICE}")

    def _commit(self, *, final: bool = False) -> None:
        self._check_finite()
        self.run.join_log()
        failure: GancoreError | OSError | None = None
        if self.ranks.first:
            try:
                self._save()
                if final:
                    self._finish()
            except (GancoreError, OSError) as error:
                failure = error
        if self.ranks.any(failure is not None):
            raise failure or RunError("the first process could not save; see its message")

    def _save(self) -> None:
        """Commits a checkpoint. The log says so first: what it says of later is dropped on resuming."""
        known = self.run_folder.checkpoint(self.run.images).exists()
        if not known:
            self._event("checkpoint", path=counted(self.run.images))
            self.log.sync()
        path = save_checkpoint(
            self.run, self.run_folder.checkpoints_folder, seconds=self.seconds, **self._kept()
        )
        self._derive()
        if not known:
            self._tell("gancore_saved", path=str(path))

    def _derive(self) -> None:
        """Makes the pipelines of the checkpoint of this moment: after it, and again on resuming, since the
        process may have been killed in between.
        """
        if not self.recipe.ready:
            return
        best = self.monitor.best_moment
        if best is not None and best.images == self.run.images:
            self.run_folder.save_best(self.products(), best.images, best.score, best.value)
        self.run_folder.save_pipelines(self.products(), self.run.images)

    def _kept(self) -> dict[str, Any]:
        """How many checkpoints are kept, and which besides."""
        best = self.monitor.best_moment or self.run_folder.best
        return {"keep": self.settings.keep, "spare": "" if best is None else counted(best.images)}

    def _finish(self) -> None:
        self._grids()
        self._event("finished", seconds=round(self.seconds, 1), peak_memory_mb=peak_memory_mb())
        write_report(self.run_folder)
        self._tell("gancore_finished")

    def _restore(self) -> None:
        found = self.run_folder.checkpoints
        for i, path in enumerate(found):
            try:
                self.before = load_checkpoint(self.run, path)
            except CheckpointError as error:
                self._warn(f"{error}; trying the previous one")
                continue
            self._begin_at(path, found[:i])
            return
        if found:
            raise RunError(
                f"none of the {len(found)} checkpoints of {self.folder} is intact; "
                f"start a new run from {self.run_folder.recipe_file}"
            )
        if self.ranks.first:
            self.log.truncate(-1)
        self._grids()

    def _check_precision(self) -> None:
        if self.settings.precision == "bf16" and computes_bfloat16(self.run.device) is False:
            self._warn(
                "this processor has no instructions for bfloat16, so bf16 takes longer than float32 here; "
                f"to go on faster, stop and use `gancore train --resume {self.folder} --precision float32`"
            )

    def _begin_at(self, path: Path, damaged: list[Path]) -> None:
        self.ranks.wait()
        if self.ranks.first:
            for other in damaged:
                set_aside(other)
            self.log.truncate(self.run.images)
            self.monitor.remember(Log.read(self.log.path))
            prune(self.run_folder.checkpoints_folder, **self._kept())
            self._derive()
            self._event("resumed", path=path.name)
            for text in self.run_folder.changed_environment():
                self._warn(f"{text}; the resumed run may not be bit-identical")

    def _warn(self, text: str) -> None:
        self._event("warning", text=text)
        if self.ranks.first:
            self._tell("gancore_warned", text=text)

    def _event(self, name: str, /, **facts: Any) -> None:
        if self.ranks.first:
            self.log.event(name, images=self.run.images, **facts)

    def _tell(self, hook: str, **facts: Any) -> None:
        for text in host().ask(hook, run=self, **facts)[1]:  # a failing plugin must not end the training
            self._event("warning", text=text)


class Stopped(Interrupted):
    """Stopped by a signal, with the corresponding exit code."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def _split(data: Data, settings: Settings) -> tuple[Data, Data | None]:
    return data.split(settings.hold_out) if settings.hold_out else (data, None)
