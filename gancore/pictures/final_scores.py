"""The scores of several runs next to each other, and whether their protocols agree."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from gancore.pictures.differences import across, differences, differences_table
from gancore.pictures.page import board, filled
from gancore.pictures.scores import Evaluated, Reading, courses
from gancore.pictures.sections import ARROWS, left_out, protocol, setup, value_cell
from gancore.pictures.words import listed
from gancore.runs.folder import RunFolder

TRAINED = "while training"
ITS_OWN = {"samples.source", "samples.run", "samples.pipeline"}
"""Protocol entries specific to a run, which do not affect comparability."""


@dataclass
class Compared:
    """A run with its name on the page."""

    name: str
    run: RunFolder
    evaluations: list[Evaluated]
    missing: list[str]


def final_scores(compared: Sequence[Compared]) -> str:
    """A table for each evaluation that a run has, the best marked, and the charts of the scores over the
    training.
    """
    charts = board("scores-board") if any(courses(one.run.log.lines) for one in compared) else ""
    names = dict.fromkeys(evaluation.name for one in compared for evaluation in one.evaluations)
    tables = "".join(_final(compared, name) for name in names)
    nothing = '<p class="quiet-line"><span class="pill">none yet</span> None of these runs has a score.</p>'
    return tables + charts or nothing


def _final(compared: Sequence[Compared], name: str) -> str:
    """The table of one evaluation, such as `emoji-test`, with all runs that have it."""
    of_run = {
        one.name: evaluation for one in compared for evaluation in one.evaluations if evaluation.name == name
    }
    scores = dict.fromkeys(score for evaluation in of_run.values() for score in evaluation.readings)
    rows = [
        _score_row(
            score, [of_run[one.name].readings.get(score) if one.name in of_run else None for one in compared]
        )
        for score in scores
    ]
    images = [of_run[one.name].images if one.name in of_run else None for one in compared]
    after = ["after images", *(f"{count:,}" if count is not None else "" for count in images)]
    body = across("score", [one.name for one in compared], [*rows, after] if any(images) else rows, "scores")
    reasons = {
        f"{owner}, {score}": reason
        for owner, evaluation in of_run.items()
        for score, reason in evaluation.left_out.items()
    }
    protocols = {owner: evaluation.protocol for owner, evaluation in of_run.items() if evaluation.protocol}
    return filled(
        "compare-scores.html",
        title=escape(name or TRAINED),
        note=escape(_setups(protocols)),
        table=body,
        warning=_unlike(protocols),
        left_out=left_out(reasons),
        protocols=_protocols(protocols),
    )


def _score_row(name: str, readings: Sequence[Reading | None]) -> list[str]:
    known = [reading for reading in readings if reading is not None]
    leader = next(
        (one for one in known if one.value is not None and not any(other.beats(one) for other in known)), None
    )
    marked = leader if len(known) > 1 and leader is not None and leader.better in ARROWS else None
    arrow = ARROWS.get(known[0].better, "") if known else ""
    return [
        f'{escape(name)} <span class="soft">{arrow[:1]}</span>',
        *(_score_cell(reading, marked) for reading in readings),
    ]


def _score_cell(reading: Reading | None, leader: Reading | None) -> str:
    if reading is None:
        return '<span class="soft">—</span>'
    shown = value_cell(reading)
    if leader is None or reading.value is None:
        return shown
    if reading.value == leader.value:
        return f'<span class="best">{shown}</span><span class="mark">best</span>'
    return (
        f'{shown}<span class="mark like" title="within two standard errors of the best">≈ best</span>'
        if reading.like(leader)
        else shown
    )


def _setups(protocols: Mapping[str, Mapping[str, object]]) -> str:
    found = dict.fromkeys(filter(None, map(setup, protocols.values())))
    return found.popitem()[0] if len(found) == 1 else ""


def _unlike(protocols: Mapping[str, Mapping[str, object]]) -> str:
    """A warning if protocols differ, with the differences."""
    rows = [name for name, _ in differences(list(protocols.values())) if name not in ITS_OWN]
    if not rows:
        return ""
    several = listed(rows[:4]) + (f" and {len(rows) - 4} more" if len(rows) > 4 else "")
    return (
        f'<p class="notice">Protocols differ: {escape(several)}. '
        "See the protocols before comparing these numbers.</p>"
    )


def _protocols(protocols: Mapping[str, Mapping[str, object]]) -> str:
    table = differences_table(list(protocols), list(protocols.values()))
    first = next(iter(protocols.values()), {})
    if not table:
        return protocol(first)
    return (
        '<details class="inner"><summary>where the protocols '
        f"differ</summary>{table}</details>{protocol(first)}"
    )
