"""Runs from elsewhere: altered, or with links, pipes, devices and folders where files should be."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from gancore.errors import GancoreError, RunError
from gancore.runs import RunFolder
from gancore.runs.reading import read_log
from gancore.storage.inside import NoFile, read_file
from gancore.storage.jsonl import read_lines

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
from hostile.judging import judge
from hostile.runs import altered_runs


def test_altered_runs_are_used_or_refused_and_lead_nowhere(tmp_path):
    for name, call in altered_runs(np.random.default_rng(3), 8, tmp_path):
        found = judge(name, call)
        assert not found.fallen and found.megabytes < 600, found


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_file_is_refused_by_an_error_of_ours_that_is_one_of_the_system(tmp_path, kind):
    path = tmp_path / "run.toml"
    (tmp_path / "outside").write_text("words")
    {"link": lambda: path.symlink_to("outside"), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[
        kind
    ]()
    with pytest.raises(NoFile, match="put the file itself there") as caught:
        read_file(path)
    assert isinstance(caught.value, GancoreError) and isinstance(caught.value, OSError)
    assert str(path) in str(caught.value) and caught.value.filename == str(path)


def test_a_folder_in_place_of_the_settings_is_named(tmp_path):
    (tmp_path / "run.toml").mkdir()
    (tmp_path / "recipe.toml").write_text("part = 'dcgan'")
    with pytest.raises(RunError, match=r"run\.toml is a folder|is not a run"):
        print(RunFolder(tmp_path).settings)
    with pytest.raises(RunError, match=r"run\.toml is a folder"):
        print(RunFolder(tmp_path).facts)


@pytest.mark.parametrize(
    "line",
    [
        {"event": ["x"]},
        {"event": "alarm", "images": "many"},
        {"event": "alarm", "images": -1},
        {"event": "alarm", "images": True},
        {"event": "alarm", "images": 10**400},
        {"step": 1.5, "images": 1, "seconds": 1, "scalars": {}},
        {"step": 1, "images": 1, "seconds": float("inf"), "scalars": {}},
        {"step": 1, "images": 1, "seconds": 1, "scalars": {"a": 10**400}},
        {"step": 1, "images": 1, "seconds": 1, "scalars": [1]},
    ],
)
def test_lines_of_a_log_that_no_run_writes_are_damage(tmp_path, line):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(line) + "\n")
    with pytest.raises(RunError, match="line 1: expected one JSON object"):
        read_lines(path)
    assert "line 1" in read_log(path).damage
