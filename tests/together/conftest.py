"""Plugins that are installed for one test, and the command line as a process of its own that sees them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"


class Environment:
    """A folder on the path of child processes, with what an installer leaves there: modules and their
    `.dist-info`.
    """

    def __init__(self, folder: Path) -> None:
        self.site, self.work = folder / "site", folder / "work"
        self.site.mkdir()
        self.work.mkdir()

    def install(self, name, text=None, *, package=None):
        """Installs the plugin `name` from the text of its module, or from the folder of its package."""
        module = name.replace("-", "_")
        if package is None:
            (self.site / f"{module}.py").write_text(text)
        else:
            (self.site / module).symlink_to(package / module, target_is_directory=True)
        info = self.site / f"{module}-0.1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(METADATA.format(name=name))
        (info / "entry_points.txt").write_text(f"[gancore]\n{name.removeprefix('gancore-')} = {module}\n")

    def python(self, *words):
        """Runs Python; returns the finished process with its output as text."""
        path = os.pathsep.join([str(self.site), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        return subprocess.run(
            [sys.executable, *map(str, words)], cwd=self.work, env=environment, capture_output=True, text=True
        )

    def gancore(self, *words):
        """Runs a verb of the command line."""
        return self.python("-m", "gancore", *words)


@pytest.fixture
def environment(tmp_path):
    return Environment(tmp_path)


@pytest.fixture(scope="module")
def shared_environment(tmp_path_factory):
    """One for all tests of a file."""
    return Environment(tmp_path_factory.mktemp("shared"))
