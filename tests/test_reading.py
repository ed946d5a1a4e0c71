"""The places that docs/reading.md leads to are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
SHORT = {name: f"plugins/gancore-{name}/gancore_{name}/" for name in ("stylegan", "vae", "cyclegan")}
ROWS = [row.split("|")[1:-1] for row in PAGE.splitlines() if row.startswith("| ") and "first" not in row]
PLACES = re.findall(r"`([\w/.]+\.py): ([\w.]+)`", PAGE)


def names(body, prefix=""):
    """The names that a module or class defines, `Class.member` among them."""
    found = set()
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(f"{prefix}{node.name}")
        if isinstance(node, ast.ClassDef):
            found |= names(node.body, f"{prefix}{node.name}.")
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(f"{prefix}{node.target.id}")
    return found


@pytest.mark.parametrize(("file", "name"), PLACES, ids=lambda word: word)
def test_the_place_exists(file, name):
    family, _, rest = file.partition("/")
    path = ROOT / (SHORT[family] + rest if family in SHORT else file)
    assert name in names(ast.parse(path.read_text(encoding="utf-8")).body), f"{file} defines no {name}"


def test_six_lines_in_three_families_at_most_two_steps_away():
    assert len(ROWS) == 18
    assert all(len(re.findall(r"`[\w/.]+\.py: [\w.]+`", "|".join(row))) in (1, 2) for row in ROWS)
