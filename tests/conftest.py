"""What many tests of the core share: small parts of every kind."""

import os
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def private_cache(tmp_path_factory, monkeypatch):
    """Decoded images go to a folder of the test session, not to the user's."""
    monkeypatch.setenv("GANCORE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
