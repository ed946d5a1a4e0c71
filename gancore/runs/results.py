"""What came of a run: its log, sample grids, scores and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gancore.errors import shown
from gancore.runs.layout import GRID, LOCK, LOG, SAMPLES, SCORES, RunLayout
from gancore.runs.lock import is_held
from gancore.runs.reading import RunLog, json_object, read_log, text_of, toml_or_why_not
from gancore.storage.files import write_text


@dataclass(frozen=True)
class SampleGrid:
    """One file of `samples/`: `00012000.png`, or `00012000-NAME.png` if a recipe has several pipelines."""

    path: Path
    images: int
    pipeline: str


class Results(RunLayout):
    """A run by what it has written so far."""

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

    @property
    def unreadable(self) -> list[tuple[str, str]]:
        """The name of each image that was left out since it cannot be read, and the reason, both escaped."""
        lines = text_of(self.unreadable_file).splitlines()
        return [(name, why) for name, _, why in (line.partition("\t") for line in lines)]

    def picture_facts(self, name: str) -> dict[str, Any]:
        """The metadata of a picture, empty if there are none."""
        return json_object(self._picture_file(self._picture_name(name), "json"))

    def note_unreadable(self, skipped: Sequence[tuple[str, str]]) -> None:
        """Writes the names and reasons of the images that were left out, if there are any."""
        lines = (f"{shown(name)}\t{shown(why)}\n" for name, why in skipped)
        if skipped:
            write_text(self.unreadable_file, "".join(lines))

    def note_picture(self, name: str, facts: Mapping[str, Any]) -> None:
        """Writes the metadata of a picture next to it."""
        write_text(self._picture_file(name, "json"), json.dumps(dict(facts)) + "\n")
