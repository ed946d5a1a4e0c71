"""Scores of a run: their history in the log, and the evaluations in `scores/` with their protocols."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gancore.pictures.variety import without_variety
from gancore.runs.folder import RunFolder
from gancore.runs.reading import RunLog
from gancore.storage.inside import read_utf8
from gancore.storage.jsonl import Line


@dataclass(frozen=True)
class Reading:
    """A score: its value (None if not finite), standard error if known, which direction is better, and the
    value of a perfect model if known.
    """

    value: float | None
    error: float | None = None
    better: str = "neither"
    perfect: float | None = None

    def beats(self, other: "Reading") -> bool:
        """Whether this value is better than another of the same score."""
        if self.value is None or other.value is None or self.better not in ("lower", "higher"):
            return False
        return self.value < other.value if self.better == "lower" else self.value > other.value

    def clear_of(self, other: "Reading") -> bool | None:
        """Whether the difference is more than two of its standard errors; None if no error is known. Where
        one is, it counts for both.
        """
        if self.value is None or other.value is None or self.value == other.value:
            return False
        known = [one.error for one in (self, other) if one.error is not None]
        if not known:
            return None
        return abs(self.value - other.value) > 2 * math.hypot(known[0], known[-1])


@dataclass(frozen=True)
class Anchor:
    """What images that no model made score: what they are, their number, and the scores by name."""

    what: str
    count: int | None
    scores: dict[str, float]


@dataclass(frozen=True)
class Evaluated:
    """One file of `scores/`. `name` is empty for an evaluation made during training; `images` is the number
    of images seen by then, None if unknown; `anchors` are the scores of other images by name, `real` or
    `noise`, and their number.
    """

    name: str
    images: int | None
    readings: dict[str, Reading]
    left_out: dict[str, str] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    anchors: dict[str, Anchor] = field(default_factory=dict)

    def anchored(self, score: str) -> list[tuple[str, float]]:
        """What a score is for a perfect model, for real images and for noise, as far as it is known."""
        reading = self.readings.get(score)
        perfect = None if reading is None else reading.perfect
        known = {"perfect": perfect, **{name: one.scores.get(score) for name, one in self.anchors.items()}}
        return [(name, value) for name, value in known.items() if value is not None]


@dataclass
class Course:
    """One score, or one diagnostic, over the images seen."""

    name: str
    better: str = "neither"
    images: list[int] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    unranked: set[int] = field(default_factory=set)
    """Indices of values that say nothing, as a precision where recall is next to zero."""

    @property
    def best(self) -> int | None:
        """The index of the best value that is ranked; None if neither direction is better."""
        found = None
        for index, reading in enumerate(self.readings):
            if (
                reading.value is not None
                and index not in self.unranked
                and reading.better != "neither"
                and (found is None or reading.beats(self.readings[found]))
            ):
                found = index
        return found


def courses(lines: Iterable[Line]) -> list[Course]:
    """The scores of a log over the images seen, in the order in which they first appear."""
    found: dict[str, Course] = {}
    for line in lines:
        if line.get("event") == "scores" and isinstance(line.get("images"), int):
            readings = _readings(line.get("scores"))
            for name, reading in readings.items():
                course = found.setdefault(name, Course(name, reading.better))
                if without_variety(name, readings):
                    course.unranked.add(len(course.readings))
                _add(course, line["images"], reading)
    return list(found.values())


def diagnostics(lines: Iterable[Line]) -> list[Course]:
    """The diagnostics that alarms are based on, over the images seen."""
    found: dict[str, Course] = {}
    for line in lines:
        if (
            line.get("event") == "scores"
            and isinstance(line.get("images"), int)
            and isinstance(line.get("diagnostics"), Mapping)
        ):
            for name, value in line["diagnostics"].items():
                _add(found.setdefault(name, Course(name)), line["images"], Reading(number(value)))
    return list(found.values())


def read_evaluations(run: RunFolder) -> tuple[list[Evaluated], list[str]]:
    """The latest evaluation of the training, then those with a name; and one sentence for each file that
    cannot be read.

    If the log has scores but there is no file, they are the latest evaluation, without a protocol.
    """
    found, damaged = [], []
    for path in run.scores:
        try:
            found.append(_evaluated(path))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            damaged.append(
                f"{path.parent.name}/{path.name} is not an evaluation ({error}), so it is omitted."
            )
    trained = [one for one in found if not one.name] or _logged(run.log)
    latest = sorted(trained, key=lambda one: one.images or 0)[-1:]
    return latest + [one for one in found if one.name], damaged


def number(value: Any) -> float | None:
    """A value from the log as a finite number, else None."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def _add(course: Course, images: int, reading: Reading) -> None:
    course.images.append(images)
    course.readings.append(reading)


def _readings(table: Any) -> dict[str, Reading]:
    rows = table.items() if isinstance(table, Mapping) else ()
    return {
        str(name): Reading(
            number(row.get("value")),
            number(row.get("error")),
            str(row.get("better", "neither")),
            number(row.get("perfect")),
        )
        for name, row in rows
        if isinstance(row, Mapping)
    }


def _evaluated(path: Path) -> Evaluated:
    table = json.loads(read_utf8(path))
    readings = _readings(table.get("scores"))
    if not readings and not table.get("left_out"):
        raise ValueError("it holds no scores")
    images = table.get("images")
    return Evaluated(
        name="" if path.stem.isdigit() else path.stem,
        images=images if isinstance(images, int) else None,
        readings=readings,
        left_out={str(name): str(reason) for name, reason in dict(table.get("left_out") or {}).items()},
        protocol=dict(table.get("protocol") or {}),
        seconds=number(table.get("seconds")),
        anchors={str(name): _anchor(one) for name, one in dict(table.get("anchors") or {}).items()},
    )


def _anchor(table: Mapping[str, Any]) -> Anchor:
    count, scores = table.get("count"), dict(table.get("scores") or {})
    found = {str(name): number(value) for name, value in scores.items()}
    return Anchor(
        str(table.get("what", "")),
        count if isinstance(count, int) else None,
        {name: value for name, value in found.items() if value is not None},
    )


def _logged(log: RunLog) -> list[Evaluated]:
    judged = [line for line in log.of("scores") if isinstance(line.get("images"), int)]
    return [
        Evaluated("", line["images"], _readings(line.get("scores")), seconds=number(line.get("seconds")))
        for line in judged[-1:]
    ]
