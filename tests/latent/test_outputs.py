"""Outputs that cannot be written are refused before any work."""

import numpy as np
import pytest
import torch
from PIL import Image
from walks import said, shown_at_once

from gancore.cli import run
from gancore.pipeline import Pipeline

EDIT = ["--directions", "none.safetensors"]
CASES = [
    (["sample"], "x.txt", "no picture format is called '.txt'"),
    (["mix"], "x.txt", "no picture format is called '.txt'"),
    (["edit", *EDIT], "x.txt", "no picture format is called '.txt'"),
    (["sample"], "full.png", "full.png is a folder; give the name of a file"),
    (["mix"], "full.png", "full.png is a folder; give the name of a file"),
    (
        ["sample"],
        "file.npy/x.npy",
        "file.npy is a file, so file.npy/x.npy cannot be written; give a path in a folder",
    ),
    (["sample"], "full.png/", "full.png is a folder"),
    (["sample"], "full", "full already exists; give a new folder"),
    (["sample"], ".", ". already exists; give a new folder"),
    (["invert", "none.png"], "file.npy/x", "file.npy is a file, so file.npy/x cannot be written"),
    (["evaluate"], "full", "full is a folder; give the name of a file"),
    (["export", "--format", "torch"], "full", "full is a folder; give the name of a file"),
    (["export", "--format", "pipeline"], "full", "full already exists; give a new folder"),
    (
        ["export", "--format", "torch"],
        "new.onnx",
        "new.onnx has the suffix of onnx files, but --format is torch; omit --format",
    ),
    (
        ["export", "--format", "onnx"],
        "new.pt2",
        "new.pt2 has the suffix of torch files, but --format is onnx; omit --format",
    ),
]


@pytest.mark.parametrize(
    ("words", "output", "text"), CASES, ids=lambda each: " ".join(each) if isinstance(each, list) else None
)
def test_what_cannot_be_written_is_refused_before_the_run_is_looked_for(place, capsys, words, output, text):
    for folder in ("full", "full.png"):
        (place / folder).mkdir()
        (place / folder / "old").touch()
    (place / "file.npy").touch()
    assert run([words[0], "no-run", *words[1:], "--output", output]) == 2
    assert (
        text in said(capsys)
        and len(list(place.iterdir())) == 3
        and len(list((place / "full").iterdir())) == 1
    )


def test_the_ending_of_the_output_says_the_format(saved, place, capsys):
    assert run(["export", str(saved / "plain"), "--output", "new.pt2"]) == 0
    assert "new.pt2: latent → image" in capsys.readouterr().out
    torch.export.load("new.pt2")


def test_samples_in_a_folder_are_whole_or_not_there(saved, place, monkeypatch):
    monkeypatch.setattr("gancore.pictures.grid.save", interrupted)
    assert run(["sample", str(saved / "plain"), "--count", "2", "--output", "new"]) == 130 and not list(
        place.iterdir()
    )


def interrupted(picture, path):
    Image.new("L", (1, 1)).save(path)
    raise KeyboardInterrupt


def test_a_sheet_is_called_after_the_folder_of_the_run(saved, monkeypatch):
    monkeypatch.chdir(saved / "plain")
    assert run(["sample", ".", "--count", "1"]) == 0
    (saved / "plain" / "plain-samples.png").unlink()


def test_samples_come_with_a_bar_and_are_those_of_the_pipeline(saved, place, monkeypatch, capsys):
    shown_at_once(monkeypatch)
    assert (
        run(
            [
                "sample",
                str(saved / "labeled"),
                "--count",
                "70",
                "--seed",
                "3",
                "--label",
                "1",
                "--output",
                "x.npy",
            ]
        )
        == 0
    )
    assert "70/70" in capsys.readouterr().err
    pipeline = Pipeline.load(saved / "labeled")
    assert np.array_equal(
        np.load("x.npy"), pipeline.sample(70, seed=3, label=torch.ones(70, dtype=torch.int64))
    )
