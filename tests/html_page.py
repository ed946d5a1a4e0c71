"""A page as tests read it."""

import json
import re
from html.parser import HTMLParser


class Page(HTMLParser):
    """The elements of a page, and the text inside those with an id."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.texts, self.stack, self.source = [], {}, [], source
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in ("meta", "img", "input"):
            self.stack.append(dict(attributes).get("id"))

    def handle_endtag(self, tag):
        self.stack.pop()

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        for name in filter(None, self.stack):
            self.texts[name] = self.texts.get(name, "") + data

    @property
    def data(self):
        return json.loads(self.texts["chart-data"])

    @property
    def curves(self):
        return [chart for group in self.data["boards"]["curves"] for chart in group["charts"]]

    @property
    def missing(self):
        found = re.search(r'<section id="missing".*?</section>', self.source, re.DOTALL)
        return re.findall(r"<li>(.*?)</li>", found[0]) if found else []

    @property
    def sheets(self):
        return [
            attributes for tag, attributes in self.elements if tag == "img" and "data-images" in attributes
        ]

    @property
    def sections(self):
        return [attributes["id"] for tag, attributes in self.elements if tag == "section"]
