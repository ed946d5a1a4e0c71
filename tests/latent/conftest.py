"""The small pipelines of `walks`, saved, and a folder to write to."""

import pytest
import walks


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    walks.know_walk_parts()
    folder = tmp_path_factory.mktemp("walks")
    for name in ("plain", "layered", "labeled", "translator"):
        getattr(walks, name)().save(folder / name)
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path
