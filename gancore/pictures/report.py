"""The report of a run: one self-contained page."""

import time
from html import escape
from pathlib import Path

from gancore.pictures.embed import data_uris
from gancore.pictures.page import (
    Section,
    board,
    document,
    entries,
    filled,
    items,
    pairs_table,
    reduced_note,
    said,
)
from gancore.pictures.scores import Evaluated, courses, read_evaluations
from gancore.pictures.sections import (
    ARROWS,
    CLASSES,
    NEIGHBORS,
    alarm_count,
    alarm_list,
    evaluation,
    event_rows,
    facts,
    plates,
    real_images,
    setup,
    value_cell,
)
from gancore.pictures.series import page_data
from gancore.pictures.store import store
from gancore.pictures.timeline import Strip, slider, timelines, whole_grids
from gancore.pictures.words import counted, flat
from gancore.runs.folder import RunFolder, existing
from gancore.runs.layout import SAMPLES
from gancore.runs.reading import RunLog
from gancore.storage.inside import read_file

EVENTS = 200
SHOWN_ELSEWHERE = ("scores", "alarm")
HIGHLIGHTS = 4
GRID_CHARACTERS = 15_000_000
"""The maximum number of characters for the grids on the page."""

MOODS = {"running": "going", "done": "good", "stopped": "warm", "dead": "bad"}
STATES = {
    "running": "The training goes on; this page follows it.",
    "dead": "No training runs here, and the last one ended without a word, as when it is killed.",
}


def write_report(run: Path | str | RunFolder) -> Path:
    """Write ``report.html`` into a run folder, finished or not, and return its path.

    The page holds the sample timeline, the scores with their protocols, the alarms, the curves, the recipe,
    the environment and the command that reproduces the run. It is self-contained, and lists what the folder
    lacks.

    Raises:
        RunError: ``run`` is not a folder, or the page could not be written.
    """
    folder = existing(run)
    store(folder.report_file, report_page(folder).encode("utf-8", errors="replace"))
    return folder.report_file


def report_page(folder: RunFolder) -> str:
    """The page itself. While the run goes, it reads itself again from time to time."""
    log, (evaluations, damaged) = folder.log, read_evaluations(folder)
    missing = folder.missing + damaged
    samples = _samples(folder, evaluations, missing)
    closer = _closer(folder, missing)
    return document(
        title=f"{folder.name} · {folder.path.resolve().name}",
        kind="report",
        header=_header(folder),
        sections=[
            Section("missing", "Not here", items(missing), kind="missing"),
            samples,
            Section("alarms", "Alarms", alarm_list([("", folder)])),
            _scores(log, evaluations),
            Section("curves", "Curves", board("curves-board", smoothing=True) if log.reports else ""),
            *closer,
            *_words(folder),
        ],
        data=page_data([folder], [folder.name]),
        live=folder.state == "running",
    )


def _header(run: RunFolder) -> str:
    alarms, state = run.log.alarms, run.state
    return filled(
        "report-header.html",
        name=escape(run.name),
        folder=escape(run.path.resolve().name),
        state=state,
        mood=MOODS.get(state, ""),
        why=STATES.get(state, ""),
        alarms=alarm_count(alarms) if alarms else "",
        written=filled("written.html", milliseconds=round(time.time() * 1000)) if state == "running" else "",
    )


def _samples(run: RunFolder, evaluations: list[Evaluated], missing: list[str]) -> Section:
    grids, damaged = whole_grids(run)
    missing += damaged
    if not grids:
        missing.append(f"{SAMPLES}/ holds no grid yet: there is no timeline.")
    shown = timelines(grids)
    sources, reduced = data_uris(
        {grid.path: read_file(grid.path) for group in shown.values() for grid in group}, GRID_CHARACTERS
    )
    beside, torn = real_images(run)
    missing += torn
    names = {name: name or ("samples" if len(shown) > 1 or beside else "") for name in shown}
    strips = [Strip(names[name], 0, group) for name, group in shown.items()]
    timeline = slider({"": strips}, sources, beside) if grids else ""
    hero = filled(
        "hero.html",
        timeline=timeline + reduced_note(reduced, [f"{SAMPLES}/"]),
        highlights=_highlights(evaluations),
        facts=entries(facts(run)),
    )
    title = "Samples" if grids else "Facts"
    note = (
        f"{counted(sum(map(len, shown.values())), len(grids))} grids, all from the same latents or images"
        if grids
        else ""
    )
    return Section("samples", title, hero if grids or any(facts(run)) else "", note=note)


def _highlights(evaluations: list[Evaluated]) -> str:
    """The first scores of the latest evaluation, large."""
    if not evaluations:
        return ""
    latest = evaluations[0]
    shown = "".join(
        f"<div><dt>{escape(name)} "
        f"{ARROWS.get(reading.better, '')[:1]}</dt><dd>{value_cell(reading)}</dd></div>"
        for name, reading in list(latest.readings.items())[:HIGHLIGHTS]
    )
    return f'<dl class="highlights">{shown}</dl><p class="hint">{escape(setup(latest.protocol))}</p>'


def _scores(log: RunLog, evaluations: list[Evaluated]) -> Section:
    course = {one.name: one for one in courses(log.lines)}
    tables = "".join(evaluation(one, course, open=index == 0) for index, one in enumerate(evaluations))
    charts = board("scores-board") if course else ""
    nothing = (
        '<p class="quiet-line"><span class="pill">none yet</span> Neither the log nor scores/ contains a '
        "score of this run.</p>"
    )
    return Section("scores", "Scores", charts + tables or nothing)


def _closer(run: RunFolder, missing: list[str]) -> list[Section]:
    neighbors, torn = plates([("", run)], "neighbors", NEIGHBORS)
    classes, also_torn = plates([("", run)], "classes", CLASSES)
    missing += torn + also_torn
    return [Section("neighbors", "Nearest neighbors", neighbors), Section("classes", "Classes", classes)]


def _words(run: RunFolder) -> list[Section]:
    """The texts at the end of the page."""
    events = [line for line in run.log.events if line["event"] not in SHOWN_ELSEWHERE]
    rows = event_rows(events[-EVENTS:])
    return [
        Section("recipe", "Recipe", _text("recipe-text", run.recipe_text), action="recipe-text"),
        Section("again", "Reproduce this run", _text("command-text", run.command()), action="command-text"),
        Section("environment", "Environment", pairs_table(flat(run.facts))),
        Section(
            "events",
            "Events",
            f'<div class="wide" tabindex="0"><table class="pairs">{rows}</table></div>' if rows else "",
            note=counted(min(EVENTS, len(events)), len(events)),
        ),
    ]


def _text(id: str, text: str) -> str:
    return f'<pre id="{id}" tabindex="0">{said(text)}</pre>' if text else ""
