"""The content of a run's folder: what was trained, what came of it, and what training writes there."""

import json
import re
import shutil
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from gancore.errors import RunError, UserError, shown
from gancore.runs.layout import (
    BEST_FACTS,
    CHECKPOINT,
    CHECKPOINTS,
    GRID,
    INDEX,
    LOCK,
    LOG,
    PIPELINES,
    SAMPLES,
    SCORES,
    RunLayout,
)
from gancore.runs.lock import is_held, locked
from gancore.runs.reading import RunLog, read_log, toml_or_why_not
from gancore.storage.files import replace_folder, write_text
from gancore.storage.inside import inside, read_file, read_utf8
from gancore.storage.names import RECIPE, SETTINGS

if TYPE_CHECKING:
    from gancore.data import Data
    from gancore.pipeline import Pipeline
    from gancore.recipes.base import Recipe
    from gancore.runs.settings import Settings
    from gancore.runs.sources import Sources


class RunData(NamedTuple):
    """The training images of a run, and the held-out images, if any."""

    training: "Data"
    held_out: "Data | None"


@dataclass(frozen=True)
class SampleGrid:
    """One file of `samples/`: `00012000.png`, or `00012000-NAME.png` if a recipe has several pipelines."""

    path: Path
    images: int
    pipeline: str


@dataclass(frozen=True)
class Best:
    """The best evaluation so far: the requested score, its value, and the images seen by then. `path` is a
    folder with the pipeline that was evaluated.
    """

    path: Path
    images: int
    score: str = ""
    value: float | None = None

    def pipeline(self, name: str | None = None) -> "Pipeline":
        """The pipeline at that time. Raises as `RunFolder.pipeline`."""
        return RunFolder(self.path).pipeline(name)


class RunFolder(RunLayout):
    """The content of a run's folder, finished or not.

    Nothing is cached: each property reads the folder when it is accessed. Texts, scores and pictures are read
    without torch; `recipe`, `pipeline`, `data` and `settings` import it.
    """

    def __repr__(self) -> str:
        from gancore.runs.showing import text

        return text(self) if self.exists else super().__repr__()

    def _repr_html_(self) -> str:
        from gancore.runs.showing import html

        return html(self)

    @classmethod
    def new(cls, output: Path | str | None, name: str) -> "RunFolder":
        """Creates the folder of a new run: the requested one, which must be empty, or the next
        `runs/0007-NAME`.

        Raises:
            RunError: it is not empty, or cannot be created.
        """
        if output is None:
            return cls(_next_folder(Path("runs"), name))
        path = Path(output)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(
                f"{path} is not empty; resume it with `gancore train --resume {path}`, or name another folder"
            )
        _make(path)
        return cls(path)

    @classmethod
    def around(cls, checkpoint: Path | str) -> "RunFolder | None":
        """The run that a checkpoint belongs to; None if the path is not that of a checkpoint."""
        path = Path(checkpoint)
        within = path.parent.name == CHECKPOINTS and CHECKPOINT.fullmatch(path.name)
        return cls(path.parent.parent) if within else None

    def picture_facts(self, name: str) -> dict[str, Any]:
        """The metadata of a picture, empty if there are none."""
        return _json_object(self._picture_file(self._picture_name(name), "json"))

    # what was trained

    @property
    def exists(self) -> bool:
        """Whether this is the folder of a run."""
        return self.settings_file.is_file() and self.recipe_file.is_file()

    @property
    def name(self) -> str:
        """The recipe's bare name, or if it is unknown the folder's name without its number."""
        part = str(self.recipe_table.get("part", ""))
        return part.rpartition(":")[2] or re.sub(r"^\d+-", "", self.path.resolve().name)

    @property
    def recipe_text(self) -> str:
        """`recipe.toml` as written, empty if there is none."""
        return _text(self.recipe_file)

    @property
    def recipe_table(self) -> dict[str, Any]:
        """The spec of the recipe, empty if there is none or it cannot be read."""
        return toml_or_why_not(self.recipe_file)[0]

    def recipe_spec(self) -> dict[str, Any]:
        """The spec of the recipe. Raises SpecError if there is none or it cannot be read."""
        from gancore.component.specs import read_toml

        return read_toml(self.recipe_file)

    def recipe(self) -> "Recipe":
        """The recipe, untrained and without facts from the data.

        Weights from elsewhere (`from`) are loaded only if there is no checkpoint with the run's own.

        Raises:
            SpecError: there is no recipe, or it names an unknown part or option.
        """
        from gancore.component.specs import build, without_sources

        table = self.recipe_spec()
        return cast("Recipe", build(without_sources(table) if self.checkpoints else table, "recipe"))

    @property
    def facts(self) -> dict[str, Any]:
        """`run.toml` as a table, empty if there is none or it cannot be read."""
        return toml_or_why_not(self.settings_file)[0]

    @property
    def settings_table(self) -> dict[str, Any]:
        """The settings as written, empty if there are none or they cannot be read."""
        return _table(self.facts, "settings")

    @property
    def batch(self) -> int | None:
        """Images in a batch, chosen or by default; None if the folder does not tell, as of older runs."""
        found = self.settings_table.get("batch", _table(self.facts, "effective").get("batch"))
        return found if isinstance(found, int) else None

    @property
    def processes(self) -> int:
        """How many processes train the run; 1 if unknown."""
        found = _table(self.facts, "environment").get("processes")
        return found if isinstance(found, int) and found > 0 else 1

    @property
    def settings(self) -> "Settings":
        """How the recipe was trained.

        Raises:
            RunError: the folder is not that of a run, or a setting is invalid.
        """
        from gancore.runs.settings import Settings

        try:
            return Settings.of(**self._entry("settings"))
        except UserError as error:
            raise RunError(f"{self.settings_file}: {error}") from None

    @property
    def sources(self) -> "Sources | None":
        """The sources of the data; None if they were given in Python. Raises RunError as `settings`."""
        from gancore.runs.sources import Sources

        table = self._entry("data")
        return Sources.of(table) if "sources" in table else None

    @property
    def fingerprint(self) -> str:
        """The hash of the data that the run was trained on. Raises RunError as `settings`."""
        return str(self._entry("data").get("fingerprint"))

    def data(self) -> RunData | None:
        """Opens the training data; None if they were given in Python.

        Raises:
            RunError: the folder is not that of a run. DataError: the data no longer exist.
        """
        if (sources := self.sources) is None:
            return None
        held_out, opened = self.settings.hold_out, sources.open()
        return RunData(*opened.split(held_out)) if held_out else RunData(opened, None)

    @property
    def data_words(self) -> str:
        """A description of the data, empty if there is none."""
        table = _table(self.facts, "data")
        return " and ".join(map(str, table.get("sources", []))) or str(table.get("description", ""))

    def command(self) -> str:
        """The commands that make this run again, a line each; empty if the folder lacks the information."""
        from gancore.runs.again import commands

        return "\n".join(commands(self))

    def _entry(self, name: str) -> dict[str, Any]:
        """A table of `run.toml`, which must be intact."""
        if not self.exists:
            raise RunError(
                f"{self.path} is not a run (no {SETTINGS} and {RECIPE}); "
                f"give the folder that `gancore train` made{_which(self.path)}"
            )
        try:
            table = tomllib.loads(read_utf8(self.settings_file))[name]
            return dict(**table)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise RunError(
                f"{self.settings_file} is damaged: {error!r}; start a new run from {self.recipe_file}"
            ) from None

    @property
    def unreadable(self) -> list[tuple[str, str]]:
        """The name of each image that was left out since it cannot be read, and the reason, both escaped."""
        lines = _text(self.unreadable_file).splitlines()
        return [(name, why) for name, _, why in (line.partition("\t") for line in lines)]

    # results

    @property
    def state(self) -> str:
        """`running`, `done`, `stopped` (it can go on), or `dead`: it ended without a word, as by a kill."""
        log = self.log
        ended = {"finished": "done", "stopped": "stopped"}.get(log.state)
        return ended or ("running" if is_held(self._own(LOCK)) else "dead" if log.lines else "not started")

    @property
    def log(self) -> RunLog:
        """The log written so far; if it cannot be read, `damage` says why."""
        return read_log(self.log_file)

    @property
    def missing(self) -> list[str]:
        """One sentence for each text file of the run that is missing or cannot be read."""
        texts = {self.recipe_file: "what was trained", self.settings_file: "data, seed and environment"}
        found = [why for file, content in texts.items() if (why := toml_or_why_not(file, content)[1])]
        log = self.log
        if log.damage:
            return [*found, log.damage]
        return found if log.reports else [*found, f"{LOG} holds no report yet: there are no curves."]

    @property
    def checkpoints(self) -> list[Path]:
        """The folders of the checkpoints, newest first."""
        return committed(self.checkpoints_folder)

    def pipeline(self, name: str | None = None) -> "Pipeline":
        """The trained pipeline, the first of several if no name is given.

        Raises:
            RunError: there is none yet. UserError: there is none of that name. CheckpointError: it is
            damaged.
        """
        from gancore.pipeline import Pipeline

        return Pipeline.load(self.pipeline_folder(name))

    def pipeline_folder(self, name: str | None = None) -> Path:
        """The folder of the pipeline. Raises RunError and UserError as `pipeline`."""
        from gancore.pipeline import holds_pipeline

        if holds_pipeline(self.pipelines_folder):
            return only_pipeline(self.pipelines_folder, name)
        if not (names := self.pipeline_names):
            there = "is no folder" if self.path.exists() else "is missing"
            lacks = "holds no pipeline yet" if self.path.is_dir() else there
            raise RunError(
                f"{self.path} {lacks}; give a run folder with at least one checkpoint, or a saved pipeline"
                f"{_which(self.path)}"
            )
        if name is not None and name not in names:
            raise UserError(
                f"{self.path} has the pipelines {', '.join(names)}; choose one of them; got {name!r}"
            )
        return self._own(PIPELINES, name or names[0])

    @property
    def pipeline_names(self) -> list[str]:
        """The pipelines of a run that has several, the default first; empty if there is only one, or none."""
        try:
            return list(map(str, json.loads(read_utf8(self._own(PIPELINES, INDEX)))))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except (OSError, ValueError, TypeError) as error:
            raise RunError(f"{self.pipelines_folder / INDEX} cannot be read: {error}") from None

    @property
    def best(self) -> Best | None:
        """The best evaluation so far; None if there is none."""
        facts = _json_object(self._own(BEST_FACTS))
        if not isinstance(images := facts.get("images"), int):
            return None
        return Best(self.best_folder, images, str(facts.get("score", "")), facts.get("value"))

    @property
    def samples(self) -> list[SampleGrid]:
        """The sample grids by pipeline and images seen, complete or not."""
        named = [
            (self._own(SAMPLES, path.name), match)
            for path in self.samples_folder.glob("*.png")
            if (match := GRID.fullmatch(path.name))
        ]
        grids = [SampleGrid(path, int(match[1]), match[2] or "") for path, match in named]
        return sorted(grids, key=lambda grid: (grid.pipeline, grid.images, grid.path))

    @property
    def scores(self) -> list[Path]:
        """The files of the evaluations, which `gancore.measure.evaluation.Evaluation.load` reads: those made
        during training by images seen, then the named ones.
        """
        return sorted(self._own(SCORES, path.name) for path in self.scores_folder.glob("*.json"))

    # what training writes

    def lock(self) -> AbstractContextManager[None]:
        """Locks the run for this process. The operating system releases the lock when the process ends, for
        whatever reason.

        Raises:
            RunError: another process is training there, or the folder is not writable.
        """
        return locked(self.path, self._own(LOCK))

    @property
    def holder(self) -> int | None:
        """The process that holds the lock, or held it last; None if none did."""
        try:
            return int(read_utf8(self._own(LOCK)))
        except (OSError, ValueError):
            return None

    def describe(
        self, recipe: "Recipe", settings: "Settings", data: Mapping[str, Any], command: Sequence[str]
    ) -> None:
        """Writes `recipe.toml` and `run.toml`; called with the folder locked.

        Raises:
            RunError: another training started there first.
        """
        from gancore.component.specs import spec, to_toml
        from gancore.runs.description import run_table
        from gancore.runs.sources import with_whole_paths

        if self.recipe_file.exists():
            raise RunError(
                f"{self.path} now contains a run; resume it with `gancore train --resume {self.path}`, "
                "or name another folder"
            )
        write_text(self.recipe_file, to_toml(with_whole_paths(spec(recipe))))
        self._write_facts(run_table(recipe, settings, data, command))

    def note_unreadable(self, skipped: Sequence[tuple[str, str]]) -> None:
        """Writes the names and reasons of the images that were left out, if there are any."""
        lines = (f"{shown(name)}\t{shown(why)}\n" for name, why in skipped)
        if skipped:
            write_text(self.unreadable_file, "".join(lines))

    @property
    def seen(self) -> int:
        """The images seen by the newest checkpoint; 0 without any."""
        return int(self.checkpoints[0].name) if self.checkpoints else 0

    def record_change(
        self,
        *,
        recipe: Mapping[str, Any] | None,
        settings: Mapping[str, Any],
        data: Mapping[str, Any],
        said: Mapping[str, Any],
    ) -> None:
        """Records how a training goes on: the spec of a changed recipe, and settings and entries of the table
        `data` that are new. `said` is what was asked, kept in the list `changes` with the number of images
        `after` which it holds; called with the folder locked.
        """
        from gancore.component.specs import to_toml

        table = tomllib.loads(read_utf8(self.settings_file))
        table["settings"] |= settings
        table["data"] |= data
        table.setdefault("changes", []).append({"after": self.seen, **said})
        if recipe is not None:
            write_text(self.recipe_file, to_toml(recipe))
        self._write_facts(table)

    def _write_facts(self, table: Mapping[str, Any]) -> None:
        import tomli_w

        write_text(self.settings_file, tomli_w.dumps(table))

    def changed_environment(self) -> list[str]:
        """The changes in the environment, which the results depend on bit for bit, since the run began, as
        text.
        """
        from gancore.runs.description import changes

        return changes(_table(self.facts, "environment"))

    def save_pipelines(self, pipelines: "Mapping[str, Pipeline]", images: int | None = None) -> None:
        """Writes the trained pipelines, which have seen so many images: one into the folder itself, several
        into a folder each, with an index. Raises RunError as `Pipeline.save`.
        """
        for pipeline in pipelines.values():
            pipeline.images = images
        if len(pipelines) == 1:
            return next(iter(pipelines.values())).save(self.pipelines_folder)
        fresh = self._own(f".{PIPELINES}.new.tmp")
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            for name, pipeline in pipelines.items():
                pipeline.save(fresh / name)
            write_text(fresh / INDEX, json.dumps(list(pipelines)))
            return replace_folder(self.pipelines_folder, fresh)
        except OSError as error:
            raise RunError(
                f"cannot write {self.pipelines_folder}: {error.strerror or error}; "
                "earlier pipelines there are intact; free some space, then try again"
            ) from None

    def save_best(
        self, pipelines: "Mapping[str, Pipeline]", images: int, score: str, value: float | None
    ) -> None:
        """Writes the pipelines that had the best score so far; an unknown value is not recorded."""
        RunFolder(self.best_folder).save_pipelines(pipelines, images)
        if value is not None:
            facts = {"score": score, "value": value, "images": images}
            write_text(self._own(BEST_FACTS), json.dumps(facts) + "\n")

    def note_picture(self, name: str, facts: Mapping[str, Any]) -> None:
        """Writes the metadata of a picture next to it."""
        write_text(self._picture_file(name, "json"), json.dumps(dict(facts)) + "\n")


def existing(path: "Path | str | RunFolder") -> RunFolder:
    """A run whose folder exists, whatever it contains. Raises RunError if it is not a folder, or one inside a
    run.
    """
    run = RunFolder(path)
    if not run.path.is_dir():
        raise RunError(f"{run} is not a folder; expected the folder of a run, such as runs/0007-dcgan.")
    if not run.exists and (told := _which(run.path)):
        raise RunError(f"{run} is not a run; give the folder that `gancore train` made{told}")
    return run


def _which(path: Path) -> str:
    """For an error: the run that a file or folder lies in, if any."""
    above = (RunFolder(path.parent), RunFolder(path.parent.parent))
    found = next((run for run in above if run.path != path and run.exists), None)
    return "" if found is None else f", which is {found}"


def committed(checkpoints: Path) -> list[Path]:
    """The checkpoints in a folder, newest first. Raises RunError where one is a link."""
    named = (p for p in checkpoints.glob("*") if CHECKPOINT.fullmatch(p.name))
    found = (p for p in named if inside(checkpoints, p.name).is_dir())
    return sorted(found, key=lambda path: int(path.name), reverse=True)


def only_pipeline(folder: Path, name: str | None) -> Path:
    """A folder with a single pipeline. Raises UserError if a name is given."""
    if name is not None:
        raise UserError(
            f"{folder} is the only pipeline there, and has no name; omit --pipeline; got {name!r}"
        )
    return folder


def owner(pipeline: Path) -> str:
    """The display name of a saved pipeline: the name of the run's folder if it is the only one of a run."""
    return pipeline.parent.name if pipeline.name == PIPELINES else pipeline.name


def _next_folder(runs: Path, name: str) -> Path:
    taken: Iterator[int] = (int(m[1]) for p in runs.glob("*") if (m := re.match(r"(\d+)-", p.name)))
    number = max(taken, default=0) + 1
    while not _make(path := runs / f"{number:04d}-{name}", new=True):
        number += 1
    return path


def _make(path: Path, *, new: bool = False) -> bool:
    """Creates the folder; `new` says that it must not exist yet, in case two trainings start at the same
    time.
    """
    try:
        path.mkdir(parents=True, exist_ok=not new)
    except OSError as error:
        if new and isinstance(error, FileExistsError) and path.is_dir():
            return False
        raise RunError(
            f"cannot create the run folder {path}: {error.strerror or error}; choose a writable folder"
        ) from None
    return True


def _text(file: Path) -> str:
    return read_file(file).decode("utf-8", errors="replace") if file.exists() else ""


def _table(facts: Mapping[str, Any], name: str) -> dict[str, Any]:
    table = facts.get(name)
    return table if isinstance(table, dict) else {}


def _json_object(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_utf8(file))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
