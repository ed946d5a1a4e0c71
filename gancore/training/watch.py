"""Judging a run while it goes: scores, the best so far, and alarms."""

import json
import time
from pathlib import Path

import attrs
import torch
from torch import Tensor

from gancore.data import Data
from gancore.errors import MeasureError
from gancore.files import write_text
from gancore.jsonl import Line
from gancore.measure.alarms import DRAWN, Alarm, History, alarms
from gancore.measure.evaluation import Evaluation, evaluate
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.frechet import Frechet
from gancore.measure.precision_recall import PrecisionRecall
from gancore.measure.score import Score, Value
from gancore.measure.sets import Drawn, ImageSet, Read
from gancore.measure.signs import of_critic, of_samples
from gancore.measure.study import Study
from gancore.pipeline import Pipeline
from gancore.randomness import fold
from gancore.recipe import Recipe
from gancore.training.settings import Settings

MOST, FEWEST, SHARE = 1000, 64, 100
"""Samples judged at a time: one for each `SHARE` images of the whole training within these bounds, so that judging stays cheap."""

SCORES = ("FD", "precision", "recall")
"""What is scored while training, by the names that `Settings.best` may have."""

BEST = "best.json"


@attrs.frozen
class Judgement:
    """What one evaluation found; `best` says whether it is the best so far."""

    evaluation: Evaluation
    signs: dict[str, float]
    alarms: list[Alarm]
    best: bool


class Watch:
    """Judges the first pipeline of a recipe against the data it learns from, always with the same latents and the same real images.

    Raises:
        MeasureError: the settings ask for the best by a score that is not computed here.
    """

    def __init__(self, recipe: Recipe, data: Data, held_out: Data | None, settings: Settings, total: int) -> None:
        self.recipe, self.data, self.held_out, self.settings = recipe, data, held_out, settings
        self.count = min(MOST, max(FEWEST, total // SHARE))
        self.scores: list[Score] = [Frechet(allow_few=True), PrecisionRecall()]
        self.signs: list[dict[str, float]] = []
        self.reports: list[dict[str, float]] = []
        self.raised: set[str] = set()
        self.best: float | None = None
        if settings.evaluate_every != 0 and settings.best not in SCORES:
            raise MeasureError(f"no score is called {settings.best!r}; known: {', '.join(SCORES)}")

    def remember(self, lines: list[Line]) -> None:
        """Takes up what the log of a resumed run says."""
        self.reports = [line["scalars"] for line in lines if "scalars" in line]
        judged = [line for line in lines if line.get("event") == "scores"]
        self.signs = [line.get("signs", {}) for line in judged]
        self.raised = {line["name"] for line in lines if line.get("event") == "alarm"}
        for line in judged:
            self._is_best({name: Value(**entry) for name, entry in line["scores"].items()})

    def judge(self, images: int) -> Judgement:
        """Scores, signs and alarms as the recipe stands.

        Raises:
            MeasureError: the images cannot be judged; the training can go on.
        """
        started = time.monotonic()
        study = self._study(*next(iter(self.recipe.pipelines().items())))
        found = attrs.evolve(evaluate(study, self.scores, images=images), seconds=time.monotonic() - started)
        self.signs.append(of_samples(study) | self._of_critics())
        raised = [a for a in alarms(History(self.signs, self.reports)) if a.name not in self.raised]
        self.raised |= {alarm.name for alarm in raised}
        return Judgement(found, self.signs[-1], raised, self._is_best(found.scores))

    def _study(self, name: str, pipeline: Pipeline) -> Study:
        source = None
        entry = "image"
        if pipeline.sampler is None:
            entry = next(e for e in ("source", "target") if e != pipeline.reads)
            source = self._real(pipeline.reads)
        reference = self._real(entry)
        samples: ImageSet = Drawn(pipeline, self.count, seed=fold(self.settings.seed, "watch") % 2**31, source=source)
        return Study(samples, reference, default_extractor(reference.image), pipeline=pipeline, seed=self.settings.seed)

    def _real(self, entry: str) -> Read:
        return Read(self.data, min(MOST, len(self.data)), seed=self.settings.seed, entry=entry)

    def _of_critics(self) -> dict[str, float]:
        pipelines = self.recipe.pipelines()
        found: dict[str, float] = {}
        for name, critic in self.recipe.critics().items():
            real, fake = _first(self.data, critic.real), self._fake(pipelines[critic.pipeline])
            held_out = None if self.held_out is None else _first(self.held_out, critic.real)
            found |= {f"{name}/{sign}": value for sign, value in of_critic(critic, real, fake, held_out).items()}
        return found

    def _fake(self, pipeline: Pipeline) -> Tensor:
        if pipeline.sampler is None:
            return pipeline.render(_first(self.data, pipeline.reads), seed=self.settings.seed)
        return pipeline.sample(DRAWN, seed=fold(self.settings.seed, "watch") % 2**31)

    def _is_best(self, scores: dict[str, Value]) -> bool:
        value = chosen(scores, self.settings.best)[1]
        if value is None:
            return False
        worth = value.value if value.better == "higher" else -value.value
        if self.best is not None and worth <= self.best:
            return False
        self.best = worth
        return True


def chosen(scores: dict[str, Value], name: str) -> tuple[str, Value | None]:
    """The score called `name` with its whole title, as `FD[emoji-1]` for `FD`; None where it could not be given."""
    return next(((title, value) for title, value in scores.items() if title.partition("[")[0] == name), (name, None))


def write_best(folder: Path, judgement: Judgement, name: str) -> None:
    """Notes which evaluation was the best so far."""
    title, value = chosen(judgement.evaluation.scores, name)
    if value is not None:
        facts = {"score": title, "value": value.value, "images": judgement.evaluation.images}
        write_text(folder / BEST, json.dumps(facts) + "\n")


def read_best(folder: Path) -> str:
    """The name of the best checkpoint so far; empty where none is known."""
    try:
        return f"{json.loads((folder / BEST).read_text(encoding='utf-8'))['images']:08d}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _first(data: Data, entry: str) -> Tensor:
    return data.rows(torch.arange(min(DRAWN, len(data))).numpy())[entry]
