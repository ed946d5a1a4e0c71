"""The scalars of a log as curves over the images seen."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

POINTS = 1200
OTHERS = "run"
SPEED = "images per second"


@dataclass
class Curve:
    """One scalar over the images seen. A name ``player/term`` belongs to that player, a name without a slash
    to the run.

    Attributes:
        images: the image counts, increasing.
        values: as many values, including non-finite ones.
    """

    player: str
    term: str
    images: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


def curves(lines: Iterable[Mapping[str, Any]], points: int = POINTS) -> list[Curve]:
    """Every scalar of a log, and the speed, as a curve of at most ``points`` points; players in the order of
    their first report.
    """
    reports = [line for line in lines if "scalars" in line]
    found: dict[str, Curve] = {}
    for report in reports:
        for name, value in report["scalars"].items():
            curve = found.setdefault(name, Curve(*_split(name)))
            curve.images.append(report["images"])
            curve.values.append(value)
    found.setdefault(SPEED, _speed(reports))
    return [_thinned(curve, points) for curve in found.values() if curve.images]


def grouped(all_curves: Iterable[Curve]) -> dict[str, list[Curve]]:
    """Curves by player; what belongs to no player comes last."""
    groups: dict[str, list[Curve]] = {}
    for curve in all_curves:
        groups.setdefault(curve.player, []).append(curve)
    if OTHERS in groups:
        groups[OTHERS] = groups.pop(OTHERS)
    return groups


def _split(name: str) -> tuple[str, str]:
    player, slash, term = name.partition("/")
    return (player, term) if slash else (OTHERS, name)


def _speed(reports: Sequence[Mapping[str, Any]]) -> Curve:
    curve = Curve(OTHERS, SPEED)
    for before, after in pairwise(reports):
        seconds = after["seconds"] - before["seconds"]
        if seconds > 0:
            curve.images.append(after["images"])
            curve.values.append((after["images"] - before["images"]) / seconds)
    return curve


def _thinned(curve: Curve, points: int) -> Curve:
    """Means over groups of equally many consecutive values; a NaN or infinity makes the mean non-finite."""
    width = math.ceil(len(curve.images) / points)
    starts = range(0, len(curve.images), width)
    images, values = (
        [_mean(row[start : start + width]) for start in starts] for row in (curve.images, curve.values)
    )
    return Curve(curve.player, curve.term, images, values)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
