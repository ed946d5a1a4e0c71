"""The data of a page's charts: the scalars, scores and diagnostics of one or more runs."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from gancore.pictures.curves import POINTS, Curve, curves, grouped
from gancore.pictures.scores import Course, courses, diagnostics
from gancore.runs.folder import RunFolder

Group = dict[str, Any]
DIAGNOSTICS = "diagnostics that the alarms are based on"
DIAGNOSTICS_COLOR = 3


def page_data(runs: Sequence[RunFolder], names: Sequence[str]) -> dict[str, Any]:
    """The runs by name with their alarms, and the charts of the two boards, `scores` and `curves`."""
    return {
        "runs": [
            {
                "name": name,
                "alarms": [
                    [alarm.images, alarm.name] for alarm in run.log.alarms if alarm.images is not None
                ],
            }
            for name, run in zip(names, runs, strict=True)
        ],
        "boards": {
            "scores": [
                *_of_courses("", 0, [courses(run.log.lines) for run in runs]),
                *_of_courses(DIAGNOSTICS, DIAGNOSTICS_COLOR, [diagnostics(run.log.lines) for run in runs]),
            ],
            "curves": _of_curves(
                [grouped(curves(run.log.reports, max(200, POINTS // len(runs)))) for run in runs]
            ),
        },
    }


def _of_curves(runs: Sequence[dict[str, list[Curve]]]) -> list[Group]:
    players = _ordered(player for groups in runs for player in groups)
    found = [
        {"player": player, "color": color, **chart}
        for color, player in enumerate(players)
        for chart in _charts([groups.get(player, []) for groups in runs], lambda curve: curve.term, _curve)
    ]
    return [{"title": "", "charts": found}] if found else []


def _of_courses(title: str, color: int, runs: Sequence[list[Course]]) -> list[Group]:
    found = [{"color": color, **chart} for chart in _charts(runs, lambda course: course.name, _course)]
    return [{"title": title, "charts": found}] if found else []


def _charts(
    runs: Sequence[list[Any]], name: Callable[[Any], str], points: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    """One chart for each name, with a series of each run that has it."""
    charts = []
    for term in _ordered(name(one) for several in runs for one in several):
        found = [(index, one) for index, several in enumerate(runs) for one in several if name(one) == term]
        charts.append(
            {
                "term": term,
                "better": getattr(found[0][1], "better", ""),
                "series": [{"run": i, **points(one)} for i, one in found],
            }
        )
    return charts


def _curve(curve: Curve) -> dict[str, Any]:
    return {"images": curve.images, "values": [_finite(value) for value in curve.values]}


def _course(course: Course) -> dict[str, Any]:
    return {
        "images": course.images,
        "values": [_finite(reading.value) for reading in course.readings],
        "errors": [_finite(reading.error) for reading in course.readings],
        "best": course.best,
    }


def _finite(value: float | None) -> float | None:
    return float(f"{value:.6g}") if value is not None and math.isfinite(value) else None


def _ordered(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
