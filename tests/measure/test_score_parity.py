"""Every score equals its public reference; the table of docs/scores.md is made by the same code."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("score_parity", ROOT / "tools" / "score_parity.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["score_parity"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", tool().ROWS, ids=lambda row: row.score)
def test_a_score_equals_its_reference(row):
    assert row.difference() <= tool().LIMIT


def test_the_page_shows_every_row():
    page = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
    for row in tool().ROWS:
        assert re.search(
            rf"^\| {re.escape(row.score)} \| {re.escape(row.reference)} \| \de[-+]\d+ \|$", page, re.MULTILINE
        ), row.score
