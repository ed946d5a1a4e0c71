"""Every page can be read by anyone; `tests/pages` asks axe-core in a browser as well."""

from importlib.resources import files

import pytest
import torch
from accessible import colors, contrast, findings
from faked_runs import fake_run

from gancore.pictures.codes_page import codes_page
from gancore.pictures.compare import write_comparison
from gancore.pictures.page import COLORS, asset
from gancore.pictures.report import write_report

GROUNDS = ("page", "card", "well")
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "accent", "warm") for ground in GROUNDS),
    *((ink, f"{ink}-soft") for ink in ("accent", "good", "warm", "bad")),
    *(("ink", f"{ground}-soft") for ground in ("warm", "bad", "good")),
    ("soft", "warm-soft"),
    ("good", "card"),
    ("on-accent", "accent"),
]
LINES = [(f"series-{index}", "card") for index in range(COLORS)]


def report(folder):
    return write_report(fake_run(folder / "0001-dcgan", alarmed=True)).read_text(encoding="utf-8")


def comparison(folder):
    runs = [fake_run(folder / name, alarmed=True, seed=seed) for seed, name in enumerate("ab")]
    return write_comparison(runs, folder / "compare.html", samples=0).read_text(encoding="utf-8")


def codes(folder):
    return codes_page(
        "codes of images",
        lambda chosen: torch.zeros(len(chosen), 3, 4, 4),
        clusters=[("cluster 1", [0, 1])],
        neighbors=[("near a.png", [0, 1])],
    )


def explorer(folder):
    return files("gancore.explorer").joinpath("templates", "explore.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [report, comparison, codes, explorer], ids=lambda page: page.__name__)
def test_headings_pictures_and_fields_have_names(page, tmp_path):
    source = page(tmp_path)
    assert findings(source) == []
    spoilt = source.replace("alt=", "data-alt=").replace("<h1", "<h3").replace(' lang="en"', "")
    assert len(findings(spoilt)) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("least, pairs", [(4.5, TEXT), (3, LINES)], ids=["text", "lines"])
def test_colors_stand_out_from_their_ground(scheme, least, pairs):
    known = colors(asset("base.css"), scheme)
    faint = {pair: contrast(*(known[name] for name in pair)) for pair in pairs}
    assert {pair: round(ratio, 2) for pair, ratio in faint.items() if ratio < least} == {}


def test_the_ratio_is_that_of_the_guidelines():
    assert contrast([0, 0, 0], [1, 1, 1]) == pytest.approx(21)
    assert contrast([1, 1, 1], [0.5, 0.5, 0.5]) == pytest.approx(3.98, abs=0.01)
