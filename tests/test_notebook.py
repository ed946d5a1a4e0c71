"""docs/notebook.ipynb runs from the first cell to the last, and uses public names only."""

import ast
import json
from importlib import import_module
from pathlib import Path

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"
CODE = [
    "".join(cell["source"])
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    if cell["cell_type"] == "code"
]


def shown(code, names):
    """Runs a cell; returns the value of its last line, as a notebook would show it."""
    *body, last = ast.parse(code).body
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    return exec(compile(ast.Module([last], []), "cell", "exec"), names)


def test_the_notebook_runs_and_shows_something_in_every_cell(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names, values = {}, []
    for code in CODE:
        values.append(shown(code, names))
    assert all(value is not None for value in values)
    rich = [
        any(hasattr(value, f"_repr_{kind}_") for kind in ("html", "png", "jpeg"))
        for value in values[1:-1]  # the first is a list to print, the last a path
    ]
    assert all(rich)
    assert (tmp_path / "runs" / "notebook" / "report.html").is_file()


def test_only_public_names_are_used():
    tree = ast.parse("\n".join(CODE))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert {alias.name for alias in node.names} <= set(import_module(node.module).__all__)
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "gancore"
        ):
            assert node.attr in import_module("gancore").__all__
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")
