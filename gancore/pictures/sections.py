"""Sections shared by reports and comparisons: alarms, evaluations, and single pictures of a run."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from gancore.pictures.embed import data_uris
from gancore.pictures.page import filled, items, pairs_table, rows, run_style, said, table
from gancore.pictures.scores import Course, Evaluated, Reading
from gancore.pictures.timeline import is_whole, not_whole
from gancore.pictures.words import duration, figure, flat, words
from gancore.runs.again import going_on
from gancore.runs.folder import RunFolder
from gancore.runs.layout import REAL
from gancore.runs.reading import Alarm
from gancore.storage.inside import read_file

SETTINGS = ("seed", "precision")
NEIGHBORS = (
    "Each row begins with a sample; the training images nearest to it follow. "
    "Near-copies indicate memorization."
)
CLASSES = "Each row is one class."
ARROWS = {"lower": "↓ lower", "higher": "↑ higher"}
ONCE_STOPPED = "Each goes on with this run once it is stopped; one that is done needs more --images too."
PLATE_ROOM = 3_000_000
"""Characters that the pictures of one kind may take on a page."""


def alarm_list(runs: Sequence[tuple[str, RunFolder]]) -> str:
    """The warnings of each run, by name, or a line that says there are none."""
    found = "".join(
        _alarm(index, name, run, alarm) for index, (name, run) in enumerate(runs) for alarm in run.log.alarms
    )
    if found:
        return f'<ul class="alarms">{found}</ul>'
    return '<p class="quiet-line"><span class="pill good">none</span> No alarm was raised.</p>'


def alarm_count(alarms: Sequence[Alarm]) -> str:
    """A mark that leads to the alarms."""
    mood, text = ("warm", f"{len(alarms)} alarm{'s' * (len(alarms) > 1)}") if alarms else ("", "no alarm")
    return f'<a class="pill {mood}" href="#alarms">{text}</a>'


def value_cell(reading: Reading) -> str:
    """A value and its standard error."""
    error = f' <span class="soft">± {figure(reading.error, 2)}</span>' if reading.error is not None else ""
    return f'<span class="number">{figure(reading.value)}</span>{error}'


def anchor_line(anchors: Sequence[tuple[str, float]]) -> str:
    """What a perfect model, real images and noise score, for under a name; empty if unknown."""
    known = " · ".join(f"{name} {figure(value)}" for name, value in anchors)
    return f'<small class="anchors">{escape(known)}</small>' if known else ""


def anchor_note(one: Evaluated) -> str:
    """Which images the anchors of an evaluation are; empty without any."""
    told = [f"{name}, {anchor.count:,} {anchor.what}" for name, anchor in one.anchors.items() if anchor.count]
    return f'<p class="hint">Under each score: {escape("; ".join(told))}.</p>' if told else ""


def evaluation(one: Evaluated, courses: Mapping[str, Course], *, open: bool) -> str:
    """A collapsible table of scores, with skipped scores and the protocol."""
    trained = not one.name
    head = (
        ["score", "value", "better", "best while training"]
        if trained and courses
        else ["score", "value", "better"]
    )
    body = [
        [
            escape(name) + anchor_line(one.anchored(name)),
            value_cell(reading),
            ARROWS.get(reading.better, ""),
            *([_best(courses.get(name))] if len(head) > 3 else []),
        ]
        for name, reading in one.readings.items()
    ]
    place = f"after {one.images:,} images" if one.images is not None else ""
    cost = f"{one.seconds:.1f} s" if one.seconds is not None else ""
    return filled(
        "evaluation.html",
        open="open" if open else "",
        title=escape(one.name or "while training"),
        note=escape(" · ".join(filter(None, [place, setup(one.protocol), cost]))),
        table=table(head, body, "scores") + anchor_note(one),
        left_out=left_out(one.left_out),
        protocol=protocol(one.protocol),
    )


def setup(protocol: Mapping[str, Any]) -> str:
    """A protocol in a few words: `emoji-1, 10,000 samples against 2,000`."""
    title, samples, reference = (
        _entry(protocol, *keys)
        for keys in (("extractor", "title"), ("samples", "count"), ("reference", "count"))
    )
    counts = (
        f"{samples:,} samples against {reference:,}"
        if isinstance(samples, int) and isinstance(reference, int)
        else ""
    )
    return ", ".join(filter(None, [str(title or ""), counts]))


def left_out(reasons: Mapping[str, str]) -> str:
    """The scores that were not computed, and why."""
    found = items((f"{name}: {reason}" for name, reason in reasons.items()), "left-out")
    return (
        f'<details class="inner"><summary>{len(reasons)} not computed, and why</summary>{found}</details>'
        if found
        else ""
    )


def protocol(table: Mapping[str, Any]) -> str:
    """The protocol of the scores, collapsible."""
    found = pairs_table(flat(table))
    return (
        f'<details class="inner"><summary>protocol: how these scores were computed</summary>{found}</details>'
        if found
        else ('<p class="hint">There is no protocol for these scores.</p>')
    )


def plates(runs: Sequence[tuple[str, RunFolder]], file: str, note: str) -> tuple[str, list[str]]:
    """`pictures/FILE.png` of each run that has one, and one sentence for each damaged file."""
    found, damaged = {}, []
    for index, (name, run) in enumerate(runs):
        path = run.picture(file)
        if path.is_file() and is_whole(path):
            found[index] = read_file(path)
        elif path.is_file():
            damaged.append(f"{name + ': ' if len(runs) > 1 else ''}{not_whole(path)}")
    sources, _ = data_uris(found, PLATE_ROOM)
    shown = "".join(
        plate(i, runs[i][0] if len(runs) > 1 else "", source, _searched(runs[i][1], file))
        for i, source in sources.items()
    )
    return (f'<p class="hint">{escape(note)}</p><div class="plates">{shown}</div>' if shown else ""), damaged


def real_images(run: RunFolder) -> tuple[str, list[str]]:
    """The training images that stand beside the samples, and a sentence if their file is damaged."""
    path = run.picture(REAL)
    if not path.is_file():
        return "", []
    if not is_whole(path):
        return "", [not_whole(path)]
    sources, _ = data_uris({REAL: read_file(path)}, PLATE_ROOM)
    picture = filled("real.html", source=sources[REAL])
    return picture, []


def plate(run: int, caption: str, source: str, note: str) -> str:
    """One picture of one run, or a text that says why there is none."""
    picture = f'<img class="zoomable" alt="{escape(caption or "picture")}" src="{source}">' if source else ""
    kind = "colored" if caption else ""
    return filled(
        "plate.html",
        run=run,
        style=run_style(run),
        kind=kind,
        caption=escape(caption),
        picture=picture,
        note=escape(note),
    )


def facts(run: RunFolder) -> Iterable[tuple[str, str]]:
    """The key facts of a run."""
    reports, settings = run.log.reports, run.settings_table
    if reports:
        last, target = reports[-1], settings.get("images")
        of = f" of {target:,}" if isinstance(target, int) and last["images"] < target else ""
        yield "images seen", f"{last['images']:,}{of}"
        yield "steps", f"{last['step']:,}"
        yield "duration", duration(last["seconds"])
    found = {
        "data": run.data_words,
        "codes of": run.first_stage_words,
        "parameters": run.facts.get("parameters"),
        "effective batch": effective_batch(run),
        **{name: settings.get(name) for name in SETTINGS},
    }
    yield from ((name, words(value)) for name, value in found.items() if value not in (None, ""))


def effective_batch(run: RunFolder) -> str:
    """How many images a step sees, as images × accumulation × processes; empty if unknown."""
    whole, micro, processes = run.batch, run.settings_table.get("micro_batch"), run.processes
    if whole is None or whole < processes:
        return ""
    each = whole // processes
    images = micro if isinstance(micro, int) and 0 < micro < each else each
    factors = [(math.ceil(each / images), "accumulated"), (processes, "processes")]
    shown = [f" × {count} {name}" for count, name in factors if count > 1]
    return f"{whole:,}{f' = {images:,}' if shown else ''}{''.join(shown)}"


def legend(runs: Sequence[tuple[str, str]]) -> str:
    """A button for each run, by name and label, that hides or shows it."""
    return "".join(
        filled(
            "legend.html",
            run=index,
            style=run_style(index),
            name=escape(name),
            label=f'<small class="soft">{escape(label)}</small>' if label else "",
        )
        for index, (name, label) in enumerate(runs)
    )


def _searched(run: RunFolder, file: str) -> str:
    """The features that distance was measured by, and the number of images."""
    facts = run.picture_facts(file)
    images, extractor = facts.get("images"), facts.get("extractor")
    return (
        f"among {images:,} training images, by {extractor}" if isinstance(images, int) and extractor else ""
    )


def _alarm(index: int, owner: str, run: RunFolder, alarm: Alarm) -> str:
    place = f"after {alarm.images:,} images" if alarm.images is not None else ""
    advice = items(alarm.advice)
    return filled(
        "alarm.html",
        run=index,
        name=escape(alarm.name),
        place=escape(" · ".join(filter(None, [owner, place, _since(alarm)]))),
        text=said(alarm.text),
        advice=f'<div class="advice"><span class="soft">to try</span>{advice}</div>' if advice else "",
        commands=_to_paste(run, alarm),
    )


def _since(alarm: Alarm) -> str:
    """Whether an alarm held on, in a few words."""
    if not alarm.later:
        return ""
    now = "still at the last evaluation" if alarm.later[-1] else "no longer at the last evaluation"
    return f"{now} ({sum(alarm.later)} of {len(alarm.later)} since)"


def _to_paste(run: RunFolder, alarm: Alarm) -> str:
    if not alarm.changes:
        return ""
    shown = "".join(f'<pre tabindex="0">{said(going_on(run, change))}</pre>' for change in alarm.changes)
    hint = f'<p class="hint">{ONCE_STOPPED}</p>'
    return f'<details class="inner"><summary>as commands to paste</summary>{hint}{shown}</details>'


def _best(course: Course | None) -> str:
    if course is None or course.best is None:
        return ""
    return (
        f'{figure(course.readings[course.best].value)} <span class="soft">after '
        f"{course.images[course.best]:,} images</span>"
    )


def _entry(table: Mapping[str, Any], *keys: str) -> Any:
    value: Any = table
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def event_rows(lines: Iterable[Mapping[str, Any]]) -> str:
    """The events of a log as rows; scores and alarms are shown elsewhere."""
    return rows((_event_place(line), _event_text(line)) for line in lines)


def _event_place(line: Mapping[str, Any]) -> str:
    images = line.get("images")
    return f"{images:,} images" if isinstance(images, int) else ""


def _event_text(line: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in line.items() if name not in ("event", "images")}
    return str(line["event"]) + (f": {words(rest)}" if rest else "")
