"""The runs in a folder, on the command line and in Python."""

import json
import subprocess
import sys

import pytest
from faked_runs import FD, describe, fake_run

import gancore
from gancore.cli import run
from gancore.errors import UserError
from gancore.runs.folder import RunFolder
from gancore.runs.log import Log


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Runs in each state, beside other things."""
    for name, reach in {"0001-done": 1.0, "0002-stopped": 0.5, "later/0003-dead": 0.3}.items():
        fake_run(tmp_path / "runs" / name, reach=reach, scored=False)
    for name, event in {"0002-stopped": "stopped", "later/0003-dead": "resumed"}.items():
        with Log(tmp_path / "runs" / name / "log.jsonl") as log:
            log.event(event, images=500)
    (tmp_path / "runs" / "0001-done" / "best.json").write_text(
        json.dumps({"score": FD, "value": 41.2345678, "images": 800})
    )
    (tmp_path / "runs" / "0004-new").mkdir()
    describe(tmp_path / "runs" / "0004-new")
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "0005-link").symlink_to("0001-done")
    fake_run(tmp_path / "runs" / "0006-odd", scored=False)
    (tmp_path / "runs" / "0006-odd" / "log.jsonl").unlink()
    (tmp_path / "runs" / "0006-odd" / "log.jsonl").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def test_runs_are_listed_with_state_images_and_best_score(folder):
    found = {one.path.name: one for one in gancore.list_runs()}
    assert {name: (one.state, one.images, one.total) for name, one in found.items()} == {
        "0001-done": ("done", 1000, 1000),
        "0002-stopped": ("stopped", 500, 1000),
        "0003-dead": ("dead", 300, 1000),
        "0004-new": ("not started", 0, 1000),
        "0006-odd": ("damaged", 0, None),
    }
    done = found["0001-done"]
    assert (done.recipe, done.score, done.value, done.best) == ("dcgan", FD, 41.2345678, 800)
    with RunFolder(folder / "later" / "0003-dead").lock():
        assert gancore.list_runs(folder / "later")[0].state == "running"


def test_a_run_is_a_list_of_itself(folder):
    assert [one.path for one in gancore.list_runs(folder / "0001-done")] == [folder / "0001-done"]


def test_a_table_of_runs_is_aligned_and_says_what_is_left(folder):
    head, first, second = str(gancore.list_runs()).splitlines()[:3]
    assert head.split() == ["run", "state", "recipe", "images", "best"]
    assert first == f"runs/0001-done        done         dcgan   1,000         {FD} 41.235 at 800"
    assert second.endswith("stopped      dcgan   500 of 1,000")
    assert first.rindex(" done ") + 1 == head.index("state")


def test_piped_runs_are_lines_of_tabs_and_json_is_json(folder, capsys):
    assert run(["runs"]) == 0
    first, *_, last = (line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert first == ["runs/0001-done", "done", "dcgan", "1000", "1000", FD, "41.2345678", "800"]
    assert last == ["runs/later/0003-dead", "dead", "dcgan", "300", "1000", "", "", ""]
    assert run(["runs", str(folder / "0001-done"), "--json"]) == 0
    (table,) = json.loads(capsys.readouterr().out)
    assert table["state"] == "done" and table["value"] == 41.2345678 and table["best"] == 800


@pytest.mark.parametrize("verb", ["list_runs", "watch"])
def test_what_only_reads_runs_does_not_wait_for_torch(verb):
    code = f"import sys, gancore; gancore.{verb}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    with pytest.raises(UserError, match="there is no folder .*x; give the folder that runs lie in"):
        gancore.list_runs(tmp_path / "x")
    assert run(["runs", str(tmp_path / "x")]) == 2 and "there is no folder" in capsys.readouterr().err
