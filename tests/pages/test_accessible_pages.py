"""axe-core finds nothing on any page, and a phone shows every table without columns."""

import pytest
from accessible import axe_findings
from faked_runs import fake_run

from gancore.pictures.compare import write_comparison
from gancore.pictures.report import write_report

SIZES = {"desk": 1440, "phone": 390}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    runs = [
        fake_run(folder / "0001-dcgan", alarmed=True),
        fake_run(folder / "0002-wide", width=96, reach=0.5, shade=60),
    ]
    comparison = write_comparison(runs, folder / "compare.html", samples=0)
    return {"report": write_report(runs[0]), "comparison": comparison}


@pytest.mark.parametrize("name", ["report", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit, pages, name, scheme):
    for width in SIZES.values():
        page = visit(pages[name], scheme=scheme, width=width)
        assert axe_findings(page) == []
    page.evaluate("document.querySelector('h1').remove()")
    assert axe_findings(page) != [], "the check sees what is missing"


@pytest.mark.parametrize("name", ["report", "comparison"])
def test_a_phone_shows_tables_as_cards(visit, pages, name):
    """What names a value stands above it, so that no column is too narrow for its words."""
    page = visit(pages[name], width=SIZES["phone"], height=844)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    cells = page.eval_on_selector_all(
        "td:not(:empty)", "all => all.filter(one => one.checkVisibility()).map(one => one.clientWidth)"
    )
    assert cells and min(cells) > 140
    over = page.eval_on_selector_all(
        ".wide", "all => all.filter(one => one.scrollWidth > one.clientWidth).length"
    )
    assert over == 0
