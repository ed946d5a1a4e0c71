"""Evaluates a run during training: scores, the best checkpoint so far, and alarms."""

import time

import attrs
import torch
from torch import Tensor

from gancore.component.interfaces import Encoder
from gancore.data import Data
from gancore.errors import MeasureError
from gancore.measure.alarms import DRAWN, Alarm, History, alarms
from gancore.measure.anchors import anchors
from gancore.measure.diagnostics import Labeled, of_codes, of_labels, of_probe, of_samples
from gancore.measure.evaluation import Evaluation, score_study
from gancore.measure.extractors.choose import default_extractor
from gancore.measure.frechet import Frechet
from gancore.measure.pairs import Pairs
from gancore.measure.precision_recall import PrecisionRecall
from gancore.measure.reconstruction import Reconstruction
from gancore.measure.score import Score, Value
from gancore.measure.sets import DatasetImages, ImageSet, PipelineSamples
from gancore.measure.study import Study, reconstructs
from gancore.pipeline import Pipeline
from gancore.recipes.base import DiscriminatorProbe, Recipe
from gancore.recipes.products import products
from gancore.runs.settings import Settings
from gancore.storage.jsonl import Line
from gancore.training.entries import paired, pairs

MOST, FEWEST, SHARE = 1000, 64, 100
"""Samples per evaluation: one per `SHARE` images of the whole training, within these bounds.
"""

SEED = 0
"""Seed of the samples and real images that are scored, whatever the seed of the run: runs that differ in
their seed alone are judged alike.
"""

QUIET = 0.1
"""The share of a training at whose beginning no alarm is raised: nothing has settled yet."""

SCORES = ("FD", "precision", "recall")
"""The scores computed in every training; `Settings.best` is one of them, or of `OF_PAIRS`."""
OF_PAIRS = ("MAE", "PSNR", "SSIM")
"""The scores computed where the pipeline reconstructs images, or translates images that are paired."""


@attrs.frozen
class Evaluated:
    """The result of one evaluation; `alarms` are new, `standing` names all that hold, and `best` says whether
    it is the best so far.
    """

    evaluation: Evaluation
    diagnostics: dict[str, float]
    alarms: list[Alarm]
    standing: list[str]
    best: bool


@attrs.frozen
class BestMoment:
    """When the best evaluation so far was made, by which score, and its value."""

    images: int
    score: str
    value: float | None


class Monitor:
    """Compares the first pipeline of a recipe with its training data.

    Uses the same latents and the same real images every time.

    Raises:
        MeasureError: `Settings.best` names a score that is not computed here.
    """

    def __init__(
        self, recipe: Recipe, data: Data, held_out: Data | None, settings: Settings, total: int
    ) -> None:
        self.recipe, self.data, self.held_out, self.settings = recipe, data, held_out, settings
        self.total = total
        self.count = min(MOST, max(FEWEST, total // SHARE))
        first = next(iter(recipe.pipelines().values()))
        of_pairs = [Pairs()] if paired(first, data) else [Reconstruction()] if reconstructs(first) else []
        self.scores: list[Score] = [Frechet(allow_few=True), PrecisionRecall(), *of_pairs]
        known = (*SCORES, *(OF_PAIRS if of_pairs else ()))
        self.diagnostics: list[dict[str, float]] = []
        self.reports: list[dict[str, float]] = []
        self.raised: set[str] = set()
        self.best: float | None = None
        self.best_moment: BestMoment | None = None
        self.evaluated_at: int | None = None
        if settings.best not in known:
            advice = f"; {', '.join(OF_PAIRS)} need paired images or an encoder" if not of_pairs else ""
            raise MeasureError(f"no score is called {settings.best!r}; known: {', '.join(known)}{advice}")

    def remember(self, lines: list[Line]) -> None:
        """Restores the state from the log of a resumed run."""
        self.reports = [line["scalars"] for line in lines if "scalars" in line]
        evaluated = [line for line in lines if line.get("event") == "scores"]
        # older logs call them signs
        self.diagnostics = [line.get("diagnostics") or line.get("signs") or {} for line in evaluated]
        self.raised = {line["name"] for line in lines if line.get("event") == "alarm"}
        for line in evaluated:
            self._judge({name: Value(**entry) for name, entry in line["scores"].items()}, line["images"])

    def evaluate(self, images: int) -> Evaluated:
        """Scores, diagnostics and alarms of the recipe in its current state.

        Raises:
            MeasureError: the images cannot be evaluated; the training can continue.
        """
        started = time.monotonic()
        name, pipeline = next(iter(products(self.recipe, self.data.decoded).items()))
        study = self._study(name, pipeline)
        scored = score_study(study, self.scores, images=images)
        found = attrs.evolve(scored, anchors=anchors(study, self.scores), seconds=time.monotonic() - started)
        labels = of_labels(pipeline, seed=SEED)
        codes = of_codes(pipeline, study)
        self.diagnostics.append(of_samples(study) | labels | codes | self._of_probes())
        standing = alarms(self._history()) if images >= QUIET * self.total else []
        raised = [alarm for alarm in standing if alarm.name not in self.raised]
        names = [alarm.name for alarm in standing]
        self.raised |= set(names)
        return Evaluated(found, self.diagnostics[-1], raised, names, self._judge(found.scores, images))

    def _history(self) -> History:
        encodes = any(isinstance(part, Encoder) for part in self.recipe.modules())
        there = {"discriminator": bool(self.recipe.probes()), "encoder": encodes}
        return History(self.diagnostics, self.reports, frozenset(filter(there.get, there)))

    def _study(self, name: str, pipeline: Pipeline) -> Study:
        source = self._real(pipeline.reads) if pipeline.reads else None
        reference = self._real(pipeline.makes)
        samples: ImageSet = PipelineSamples(pipeline, self.count, seed=SEED, source=source)
        out = self.held_out
        held_out = None if out is None else DatasetImages(out.pictures, entry=pipeline.makes)
        return Study(
            samples,
            reference,
            default_extractor(reference.image),
            pipeline=pipeline,
            held_out=held_out,
            sources=source if pipeline.product == "translates" else None,
            pairs=pairs(pipeline, self.held_out or self.data, MOST, SEED),
            seed=SEED,
        )

    def _real(self, entry: str) -> DatasetImages:
        data = self.data.pictures
        return DatasetImages(data, min(MOST, len(data)), seed=SEED, entry=entry)

    def _of_probes(self) -> dict[str, float]:
        pipelines = products(self.recipe)
        found: dict[str, float] = {}
        for name, probe in self.recipe.probes().items():
            real, fake = _labeled(self.data, probe), self._fake(pipelines[probe.pipeline], probe)
            held_out = None if self.held_out is None else _labeled(self.held_out, probe)
            found |= {
                f"{name}/{diagnostic}": value
                for diagnostic, value in of_probe(probe, real, fake, held_out).items()
            }
        return found

    def _fake(self, pipeline: Pipeline, probe: DiscriminatorProbe) -> Labeled:
        if pipeline.product != "draws":
            rows = _first(self.data)
            made = pipeline.apply(rows[pipeline.reads], rows.get("label"), seed=SEED)
            return probe.shown(torch.cat(list(made)), rows), rows.get("label")
        latent, label = pipeline.draw(DRAWN, seed=SEED)
        return pipeline.render(latent, label, seed=SEED), label

    def _judge(self, scores: dict[str, Value], images: int) -> bool:
        """Remembers the evaluation; says whether it is the best so far."""
        self.evaluated_at = images
        if best := self._is_best(scores):
            score, value = chosen(scores, self.settings.best)
            self.best_moment = BestMoment(images, score, None if value is None else value.value)
        return best

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
    """The score called `name` with its full title, such as `FD[emoji-1]` for `FD`; None if it is missing."""
    return next(
        ((title, value) for title, value in scores.items() if title.partition("[")[0] == name), (name, None)
    )


def _labeled(data: Data, probe: DiscriminatorProbe) -> Labeled:
    rows = _first(data)
    return probe.shown(rows[probe.real], rows), rows[probe.label] if probe.label else None


def _first(data: Data) -> dict[str, Tensor]:
    return data.rows(torch.arange(min(DRAWN, len(data))).numpy())
