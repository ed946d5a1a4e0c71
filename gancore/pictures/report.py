"""The report of a run: one page that needs nothing else."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from gancore.pictures.curves import curves, grouped
from gancore.pictures.run_folder import RunFolder, read_run
from gancore.pictures.store import store
from gancore.pictures.timeline import Sheet, data_uri, find_sheets, timelines

EVENTS = 200
SETTINGS = ("seed", "batch", "precision")


def write_report(run: Path) -> Path:
    """Write ``report.html`` into a run folder, finished or not, and return its path.

    The page holds the curves, the sample timeline, the recipe, the environment and the command that makes the run again. It loads nothing,
    neither from the network nor from the folder, so it can be moved and shared alone. What the folder lacks is named on it.

    Raises:
        RunError: ``run`` is not a folder, or the page could not be written.
    """
    folder = read_run(Path(run))
    sheets, damaged = find_sheets(folder.path / "samples")
    shown = timelines(sheets)
    folder.missing += [f"samples/{path.name} is not a whole PNG: it is left out." for path in damaged]
    if not sheets:
        folder.missing.append("samples/ holds no sheet yet: there is no timeline.")
    page = Template(_template("report.html")).substitute(
        style=_template("report.css"),
        script=_template("report.js"),
        name=escape(folder.name),
        folder=escape(folder.path.resolve().name),
        state=escape(folder.state),
        facts=_entries(_header(folder)),
        missing="".join(f"<li>{escape(sentence)}</li>" for sentence in folder.missing),
        curves=_json(_charts(folder)),
        timelines="".join(_timeline(name, chosen) for name, chosen in shown.items()),
        sheets=_counted(sum(map(len, shown.values())), len(sheets)),
        recipe=escape(folder.recipe_text),
        command=escape(folder.command()),
        environment=_rows(_flat(folder.facts)),
        events=_rows((_event_place(line), _event_text(line)) for line in folder.events[-EVENTS:]),
        event_count=_counted(min(EVENTS, len(folder.events)), len(folder.events)),
    )
    target = folder.path / "report.html"
    store(target, page.encode("utf-8", errors="replace"))
    return target


def _template(name: str) -> str:
    return files("gancore.pictures").joinpath("templates", name).read_text(encoding="utf-8")


def _header(run: RunFolder) -> Iterable[tuple[str, str]]:
    last: Mapping[str, Any] = run.reports[-1] if run.reports else {}
    if last:
        target = run.settings.get("images")
        of = f" of {target:,}" if isinstance(target, int) and target != last["images"] else ""
        yield "images seen", f"{last['images']:,}{of}"
        yield "steps", f"{last['step']:,}"
        yield "duration", _duration(last["seconds"])
    found = {"data": run.data, "parameters": run.facts.get("parameters"), **{name: run.settings.get(name) for name in SETTINGS}}
    yield from ((name, _words(value)) for name, value in found.items() if value not in (None, ""))


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return (" × " if all(isinstance(entry, int) for entry in value) else ", ").join(map(_words, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and value >= 10_000 else str(value)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, _words(value) if isinstance(value, list) else str(value)


def _entries(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in pairs)


def _event_place(line: Mapping[str, Any]) -> str:
    images = line.get("images")
    return f"{images:,} images" if isinstance(images, int) else ""


def _event_text(line: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in line.items() if name not in ("event", "images")}
    return str(line["event"]) + (f": {_words(rest)}" if rest else "")


def _counted(shown: int, total: int) -> str:
    return f"{shown}" if shown == total else f"{shown} of {total}"


def _charts(run: RunFolder) -> list[dict[str, Any]]:
    return [
        {"player": player, "curves": [{"term": c.term, "images": c.images, "values": [_finite(v) for v in c.values]} for c in group]}
        for player, group in grouped(curves(run.reports)).items()
    ]


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _json(value: Any) -> str:
    """JSON that may stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _timeline(name: str, sheets: Sequence[Sheet]) -> str:
    last = sheets[-1]
    sheet_template = Template(_template("sheet.html"))
    figures = "".join(
        sheet_template.substitute(
            images=sheet.images, words=f"{sheet.images:,}", source=data_uri(sheet.path), hidden="hidden" if sheet is not last else ""
        )
        for sheet in sheets
    )
    return Template(_template("timeline.html")).substitute(
        name=escape(name), figures=figures, last=len(sheets) - 1, images=f"{last.images:,}", label=escape(name or "samples")
    )
