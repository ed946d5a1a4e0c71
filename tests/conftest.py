"""What many tests of the core share: small parts of every kind."""

import gc
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")
# many tests start processes, which would each compile gancore anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
torch.set_num_threads(1)


def pytest_collection():
    """What is collected stays until the end, so looking for garbage in it only takes time."""
    gc.disable()


def pytest_collection_finish():
    """From here on it is looked for less often than by default: networks hold many objects for a while."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    """Decoded images and features go to a folder of the test session, for all its workers, not to the
    user's.
    """
    folder = tmp_path_factory.getbasetemp()
    session = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    monkeypatch.setenv("GANCORE_CACHE", str(session / "cache"))


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """No line about progress, which a slow machine would get, stands among what a test reads."""
    monkeypatch.setattr("gancore.console.showing.Lines.patience", float("inf"))


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium as the system has it; its sandbox needs a user other than root."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium is installed")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield found
        found.close()
