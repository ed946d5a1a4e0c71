"""American spelling in code, messages and pages."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BRITISH = re.compile(
    r"colour|neighbour|behaviour|favour|honour|flavour|normalis|initialis|optimis(?!t|m)|regularis|stabilis|"
    r"quantis|penalis|memoris|equalis|randomis|generalis|recognis|realis(?!t|m)|standardis|visualis|serialis|"
    r"discretis|parametris|summaris|minimis(?=e|i|a)|maximis(?=e|i|a)|specialis|utilis|organis(?!m)|"
    r"\bcentre|\bgrey|artefact|licence|judgement|labelled(?!by)|labelling|modelled|travelled|cancelled|"
    r"learnt|catalogue"
)
KEPT = {  # what older files hold, and the words of seeds, on which numbers depend
    "gancore/measure/memorization.py": {"memoris", "neighbour"},
    "gancore/recipes/growing.py": {"stabilis"},
    "gancore/standard/augments.py": {"colour"},
    "gancore/runs/layout.py": {"neighbour"},
    "tests/runs/test_run_folder.py": {"neighbour"},
    "tests/test_spelling.py": None,
}


def files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is not a checkout of the repository")
    endings = (".py", ".md", ".toml", ".html", ".js", ".css", ".ipynb")
    return [f for f in listed.stdout.split() if f.endswith(endings) and not f.startswith("tests/golden/")]


def test_american_spelling():
    found = []
    for name in files():
        if (path := ROOT / name).is_file() and KEPT.get(name, set()) is not None:
            text = path.read_text(encoding="utf-8")
            for match in BRITISH.finditer(text.lower()):  # ignoring case would take four times as long
                if match[0] not in KEPT.get(name, set()):
                    line = text.count("\n", 0, match.start()) + 1
                    found.append(f"{name}:{line}: {match[0]}")
    assert found == []
