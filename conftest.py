"""What the tests of the core and of every plugin share: a seed, one thread, and a cache of their own."""

import gc
import os
import random
import sys

import numpy as np
import pytest
import torch

from gancore.allocator import keep_freed_memory

os.environ.setdefault("OMP_NUM_THREADS", "1")
# many tests start processes, which would each compile gancore anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
torch.set_num_threads(1)
keep_freed_memory()
# no test cuts the power; waiting for the disk takes a fifth of the tests of runs
os.fsync = lambda _: None


def pytest_collection():
    """What is collected stays until the end, so looking for garbage in it only takes time."""
    gc.disable()


def pytest_collection_finish():
    """From here on it is looked for less often than by default: networks hold many objects for a while."""
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """A test finds the same weights whatever ran before it in its process; so do the fixtures it is the first
    to ask for.
    """
    random.seed(0)
    np.random.seed(0)
    torch.default_generator.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def private_cache(tmp_path_factory):
    """Decoded images and features go to a folder of the test session, for all its workers, not to the
    user's; those of fixtures that many tests share too.
    """
    folder = tmp_path_factory.getbasetemp()
    session = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANCORE_CACHE", str(session / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def patient():
    """No line about progress, which a slow machine would get, stands among what a test reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gancore.console.showing.Lines.patience", float("inf"))
        yield
