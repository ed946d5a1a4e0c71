"""What anyone needs to read a page: checked without a browser, and by axe-core in one."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

VOID = {"meta", "img", "input", "link", "br", "hr", "circle", "path"}
FIELDS = {"input", "select", "textarea"}


class Outline(HTMLParser):
    """The headings, pictures, fields, buttons and landmarks of a page."""

    def __init__(self, source):
        super().__init__()
        self.headings, self.pictures, self.fields, self.buttons = [], [], [], []
        self.labeled, self.language, self.stack, self.ids = set(), "", [], []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        if tag == "html":
            self.language = found.get("lang", "")
        elif re.fullmatch(r"h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
        elif tag == "img":
            self.pictures.append(found)
        elif tag in FIELDS:
            self.fields.append((found, "label" in self.stack))
        elif tag == "button":
            self.buttons.append([found, ""])
        elif tag == "label":
            self.labeled.add(found.get("for"))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data):
        if any(re.fullmatch(r"h[1-6]", tag) for tag in self.stack):
            self.headings[-1][1] += data
        if "button" in self.stack:
            self.buttons[-1][1] += data


def findings(source):
    """A sentence for everything that keeps someone from reading the page."""
    page = Outline(source)
    levels = [level for level, text in page.headings if text.strip()]
    named = {"aria-label", "aria-labelledby", "title"}
    return [
        *([] if page.language else ["the page does not say its language"]),
        *([] if levels.count(1) == 1 else [f"{levels.count(1)} headings of the first level"]),
        *(
            f"a heading of level {b} follows one of level {a}"
            for a, b in zip([0, *levels], levels, strict=False)
            if b > a + 1
        ),
        *(f"no alt: {picture}" for picture in page.pictures if "alt" not in picture),
        *(
            f"no label: {field}"
            for field, inside in page.fields
            if not inside and not named & set(field) and field.get("id") not in page.labeled
        ),
        *(
            f"no name: {button}"
            for button, text in page.buttons
            if not text.strip() and not named & set(button)
        ),
        *(f"the id {name} stands twice" for name in sorted(set(page.ids)) if page.ids.count(name) > 1),
    ]


def axe_findings(page):
    """The rules of axe-core that an open page breaks, with an element for each; what is folded is opened."""
    pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.evaluate(files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    return page.evaluate(
        "axe.run().then(found => found.violations.map(one => [one.id, one.nodes[0].html.slice(0, 120)]))"
    )


def colors(style, scheme):
    """The colors that a style names for `light` or `dark`, as red, green and blue from 0 to 1."""
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", style)
    return {name: _rgb((light, dark)[scheme == "dark"]) for name, light, dark in found}


def contrast(first, second):
    """The contrast ratio of two colors by WCAG 2.1, from 1 to 21."""
    low, high = sorted(map(_luminance, (first, second)))
    return (high + 0.05) / (low + 0.05)


def _rgb(color):
    return [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def _luminance(color):
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
