"""`gancore table`: runs by rows, with what differs and scores that can be compared."""

import csv
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import gancore
from gancore.cli import run as cli
from gancore.errors import RunError, UserError
from gancore.verbs.table import RunTable

HOW = {"images": 64, "batch": 8, "evaluate_every": 32, "threads": 1, "progress": False}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    images = folder / "images.npy"
    np.save(images, np.random.default_rng(0).integers(0, 256, (80, 8, 8, 3), dtype=np.uint8))
    small = {"generator.hidden": [8]}
    gancore.train("gan", images, set=small, output=folder / "one", **HOW)
    gancore.train("gan", images, set={**small, "loss": "hinge"}, output=folder / "two", **HOW | {"batch": 4})
    return [folder / "one", folder / "two"]


def test_rows_say_what_differs_and_how_it_was_judged(runs):
    first, second = gancore.table(runs).rows
    assert (first["run"], first["state"], first["images"]) == ("one", "done", 64)
    assert (first["loss.part"], second["loss.part"]) == ("gancore:non-saturating", "gancore:hinge")
    assert (first["settings.batch"], second["settings.batch"]) == ("8", "4")
    assert "generator.hidden" not in first and "data" not in first  # these are the same
    score = next(name for name in first if name.startswith("FD["))
    assert isinstance(first[score], float) and first["evaluated at"] == 64
    assert first["protocol"].startswith("64 samples of seed ") and "against 80 images" in first["protocol"]


def test_scores_of_one_kind_stand_below_each_other(runs):
    what = {"count": 20, "score": "kernel", "extractor": "pixels"}
    name = "KID[pixels-1]"
    gancore.evaluate(runs[0], output=runs[0] / "scores" / "evaluation.json", **what)
    try:
        assert name not in gancore.table(runs).columns  # the other run has none
        gancore.evaluate(runs[1], output=runs[1] / "scores" / "evaluation.json", **what)
        found = gancore.table(runs)
        assert name in found.columns and f"{name} ±" in found.columns
        assert not [column for column in found.columns if column.startswith("FD[")]
        assert found.rows[0]["protocol"].startswith("20 samples of seed 0 against 80 training images")
    finally:
        for run in runs:
            (run / "scores" / "evaluation.json").unlink(missing_ok=True)


def test_csv_and_markdown_hold_every_run(runs, capsys):
    found = gancore.table(runs)
    assert cli(["table", *map(str, runs), "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["run"] for row in rows] == ["one", "two"]
    assert all(
        float(rows[0][name]) == value for name, value in found.rows[0].items() if name.startswith("FD[")
    )
    assert cli(["table", *map(str, runs)]) == 0
    head, rule, *lines = capsys.readouterr().out.splitlines()
    assert head.count("|") == rule.count("|") == lines[0].count("|") and len(lines) == 2
    assert str(found).splitlines()[0] == head and "<td>two</td>" in found._repr_html_()


def test_a_long_row_is_whole(runs, monkeypatch, capsys):
    wide = gancore.table(runs[:1]).rows[0] | {f"column {i}": "x" * 50 for i in range(100)}
    monkeypatch.setattr("gancore.verbs.table.table", lambda runs: RunTable((wide,)))
    assert cli(["table", str(runs[0]), "--csv"]) == 0
    assert capsys.readouterr().out.count("x" * 50) == 100


def test_what_is_no_run_is_refused(runs, tmp_path):
    with pytest.raises(RunError, match="is not a run; give the folder that"):
        gancore.table([tmp_path])
    with pytest.raises(UserError, match="each once"):
        gancore.table([runs[0], runs[0]])


def test_the_log_is_a_data_frame_in_the_documented_line(runs, monkeypatch, documented_line):
    """With pandas where it is there, else its rows as they stand in the log."""
    rows = gancore.RunFolder(runs[0]).log.reports
    lines = (runs[0] / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert rows == [line for line in map(json.loads, lines) if "scalars" in line]
    try:
        import pandas
    except ImportError:
        pandas = type(sys)("pandas")
        pandas.json_normalize = lambda found: found
    frame = eval(documented_line, {"pandas": pandas, "gancore": gancore, "RUN": str(runs[0])})
    assert len(frame) == len(rows) and len(rows) > 3
    if hasattr(frame, "columns"):
        assert {"step", "images", "scalars.generator/adversarial"} <= set(frame.columns)


@pytest.fixture
def documented_line():
    text = (Path(__file__).parents[2] / "docs" / "sharing.md").read_text(encoding="utf-8")
    return next(line for line in text.splitlines() if line.startswith("frame = ")).removeprefix("frame = ")
