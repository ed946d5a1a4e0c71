"""Building blocks of pages: a self-contained document, its sections, tables and data."""

import json
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from gancore.pictures.words import listed
from gancore.storage.text import visible, without_home

COLORS = 8
"""Number of colors that runs cycle through: `--series-0` and on in `base.css`."""

LONG = ' class="long"'

STYLES = ("base.css", "page.css")
SCRIPTS = ("scales.js", "charts.js", "page.js")


@dataclass(frozen=True)
class Section:
    """A card of a page. `action` is the id of a text that can be copied; empty cards are left out."""

    id: str
    title: str
    content: str
    note: str = ""
    action: str = ""
    kind: str = ""


def document(
    title: str, kind: str, header: str, sections: Sequence[Section], data: Any, *, live: bool = False
) -> str:
    """A whole page: it loads nothing, and runs only its own scripts. A `live` one is read again from time to
    time.
    """
    shown = [section for section in sections if section.content]
    theme, script = (f"\n{text}\n" for text in (asset("theme.js"), "\n".join(map(asset, SCRIPTS))))
    page = filled(
        "page.html",
        policy="default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src {_hash(theme)} {_hash(script)}",
        title=escape(title),
        kind=f"{kind}{' live' if live else ''}",
        style="\n".join(map(asset, STYLES)),
        theme=theme,
        links="".join(
            f'<a href="#{section.id}">{escape(section.title)}</a>'
            for section in shown
            if section.kind != "missing"
        ),
        header=header,
        sections="".join(map(_section, shown)),
        data=_json(data),
        script=script,
    )
    return visible(page)


@cache
def asset(name: str) -> str:
    """A file of `templates/`: `base.css` holds the colors, type and buttons of every page, `theme.js` the
    switch of dark and light.
    """
    return files("gancore.pictures").joinpath("templates", name).read_text(encoding="utf-8")


def filled(template: str, /, **values: Any) -> str:
    """A template with its placeholders filled; texts must already be escaped."""
    return Template(asset(template)).substitute(values)


def run_style(index: int) -> str:
    """The style of a run: a color, and once all colors are used a hollow dot and a dashed line as well."""
    return f"--color: var(--series-{index % COLORS}){'; --hole: 45%' if index >= COLORS else ''}"


def said(text: str) -> str:
    """Text from a run for a page that is shared: escaped, and without the names of home folders."""
    return escape(without_home(text))


def entries(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as the entries of a `<dl>`."""
    return "".join(
        f"<div{LONG if len(value) > 18 else ''}><dt>{escape(name)}</dt><dd>{said(value)}</dd></div>"
        for name, value in pairs
    )


def rows(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values as the rows of a table of two columns."""
    return "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{said(value)}</td></tr>' for name, value in pairs
    )


def pairs_table(pairs: Iterable[tuple[str, str]]) -> str:
    """A table of names and values; empty where there are none."""
    found = rows(pairs)
    return f'<div class="wide" tabindex="0"><table class="pairs">{found}</table></div>' if found else ""


def table(
    head: Sequence[str], body: Iterable[Sequence[str]], kind: str = "", labels: Sequence[str] = ()
) -> str:
    """A table of cells that are HTML already: the first of each row names it. Empty where it has no rows.

    On a narrow screen each row becomes a card, and `labels` (default: `head`), escaped text, stand over its
    cells.
    """
    columns = [f'<td data-label="{label}">' for label in (labels or head)[1:]]
    lines = [
        "".join([f'<th scope="row">{first}</th>', *map("{}{}</td>".format, columns, rest)])
        for first, *rest in body
    ]
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    shown = "".join(f"<tr>{line}</tr>" for line in lines)
    whole = (
        f'<table class="{kind}" style="--columns: '
        f'{len(head)}"><thead><tr>{top}</tr></thead><tbody>{shown}</tbody></table>'
    )
    return f'<div class="wide" tabindex="0">{whole}</div>' if lines else ""


def items(sentences: Iterable[str], kind: str = "") -> str:
    """Sentences as a list; empty where there are none."""
    found = "".join(f"<li>{said(sentence)}</li>" for sentence in sentences)
    return f'<ul class="{kind}">{found}</ul>' if found else ""


def board(id: str, *, smoothing: bool = False) -> str:
    """A place for charts, with the controls of their scale."""
    smooth = asset("smoothing.html") if smoothing else ""
    return filled("board.html", id=id, smoothing=smooth)


def reduced_note(reduced: bool, folders: Sequence[str]) -> str:
    """A note for pictures that had to be reduced."""
    return (
        '<p class="hint">Reduced in size to keep this page small; '
        f"the originals are in {escape(listed(folders))}.</p>"
        if reduced
        else ""
    )


def _section(section: Section) -> str:
    copy = (
        f'<button type="button" class="copy" data-from="{section.action}">copy</button>'
        if section.action
        else ""
    )
    note = f" <small>{escape(section.note)}</small>" if section.note else ""
    return filled(
        "section.html",
        id=section.id,
        kind=section.kind,
        title=escape(section.title),
        note=note,
        action=copy,
        content=section.content,
    )


def _hash(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def _json(value: Any) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(_visible(value), separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _visible(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {visible(str(name)): _visible(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_visible(entry) for entry in value]
    return visible(value) if isinstance(value, str) else value
