"""Papers are cited alike wherever they are cited."""

import re
from collections import defaultdict

from documents import ROOT, documents

CITED = re.compile(r"(?P<year>\d{4})(?: \([^)]*\))?, \[?arXiv:(?P<paper>\d{4}\.\d{4,5})")
SOURCES = [
    *sorted((ROOT / "gancore").rglob("*.py")),
    *sorted((ROOT / "plugins").rglob("*.py")),
    *documents(),
]


def cited():
    """The years by which each paper is cited, each with the files."""
    found = defaultdict(lambda: defaultdict(set))
    for file in SOURCES:
        text = " ".join(file.read_text(encoding="utf-8").split())
        for one in CITED.finditer(text):
            found[one["paper"]][int(one["year"])].add(str(file.relative_to(ROOT)))
    return found


def test_a_paper_has_one_year():
    differing = {paper: dict(years) for paper, years in cited().items() if len(years) > 1}
    assert not differing, f"cited by several years: {differing}"


def test_the_year_is_that_of_the_preprint_or_of_what_it_became():
    far = {
        paper: dict(years)
        for paper, years in cited().items()
        if any(not -1 <= year - (2000 + int(paper[:2])) <= 2 for year in years)
    }
    assert not far, f"the number is not of that year: {far}"
