"""The static checks, so that one command checks everything."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PLUGINS = sorted(ROOT.glob("plugins/gancore-*"))


def run(*words):
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}{done.stderr}"


def test_ruff_check():
    run("ruff", "check", ".")


def test_ruff_format():
    run("ruff", "format", "--check", ".")


def test_mypy_of_the_core_and_every_plugin():
    run("mypy", "gancore", *(str(next(p.glob("gancore_*")).relative_to(ROOT)) for p in PLUGINS))


def test_imports_go_downward():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda p: p.name)
def test_a_plugin_imports_the_core_and_no_other_family(plugin):
    mine = next(plugin.glob("gancore_*")).name
    others = {next(p.glob("gancore_*")).name for p in PLUGINS} - {mine}
    for file in plugin.glob("gancore_*/**/*.py"):
        text = file.read_text(encoding="utf-8")
        assert not [other for other in others if f"import {other}" in text or f"from {other}" in text], file


def test_the_core_imports_no_plugin():
    names = {next(p.glob("gancore_*")).name for p in PLUGINS}
    for file in ROOT.glob("gancore/**/*.py"):
        text = file.read_text(encoding="utf-8")
        assert not [name for name in names if f"import {name}" in text or f"from {name}" in text], file
