"""The trained pipelines in the folder of a run: the newest, and the best."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gancore.errors import RunError, UserError
from gancore.runs.layout import BEST_FACTS, INDEX, PIPELINES, RunLayout, run_around
from gancore.runs.reading import json_object
from gancore.storage.files import replace_folder, write_text
from gancore.storage.inside import read_utf8

if TYPE_CHECKING:
    from gancore.pipeline import Pipeline


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
        """The pipeline at that time. Raises as `Pipelines.pipeline`."""
        return Pipelines(self.path).pipeline(name)


class Pipelines(RunLayout):
    """A run by its pipelines. Torch is imported where one is read or written."""

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
                f"{run_around(self.path)}"
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
        facts = json_object(self._own(BEST_FACTS))
        if not isinstance(images := facts.get("images"), int):
            return None
        return Best(self.best_folder, images, str(facts.get("score", "")), facts.get("value"))

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
        Pipelines(self.best_folder).save_pipelines(pipelines, images)
        if value is not None:
            facts = {"score": score, "value": value, "images": images}
            write_text(self._own(BEST_FACTS), json.dumps(facts) + "\n")


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
