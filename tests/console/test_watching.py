"""What a training in Python shows: lines in a script, one output in a notebook, nothing if asked."""

import sys
import time
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import gancore
from gancore.console.showing import Lines
from gancore.progress import tell
from gancore.runs.sources import Sources

SETTINGS = {"images": 16, "batch": 8, "checkpoint_every": 8, "evaluate_every": 0, "threads": 1}


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (24, 8, 8, 3), dtype=np.uint8))
    return path


class Output:
    """The output of a cell, with all that it showed."""

    def __init__(self, first):
        self.shown = [first]

    def update(self, new):
        self.shown.append(new)


@pytest.fixture
def outputs(monkeypatch):
    """The outputs of the cell, in a kernel."""
    found = []

    def display(shown, display_id):
        found.append(Output(shown))
        return found[-1]

    ipython, module = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    module.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return found


def train(images, folder, **options):
    return gancore.train("gan", images, set={"generator.hidden": [16]}, output=folder, **SETTINGS, **options)


def damage(run):
    """Makes the newest checkpoint unreadable, of which a resumed training warns."""
    file = run.run_folder.checkpoints[0] / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-4])


def test_a_script_says_what_it_trains_where_and_what_is_wrong(images, tmp_path, capsys):
    run = train(images, tmp_path / "run")
    out, err = capsys.readouterr()
    assert not out
    assert "training recipe/gan on " in err and f"run folder {run.folder}" in err
    assert "16/16 images" in err and "done: 16 images" in err
    damage(run)
    gancore.resume(run, images=24)
    assert "warning: " in (said := capsys.readouterr().err) and "trying the previous one" in said


class Slow(Sources):
    """Images that take long to open."""

    def open(self):
        tell("reading images", 3, 10)
        time.sleep(0.3)
        return super().open()


def test_what_takes_long_before_the_first_step_is_said(images, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(Lines, "patience", 0.05)
    monkeypatch.setattr(Lines, "tick", 0.02)
    train(Slow(data=(str(images),)), tmp_path / "run")
    said = capsys.readouterr().err
    assert said.index("reading images 3/10") < said.index("training recipe/gan on ")
    train(Slow(data=(str(images),)), tmp_path / "quiet", progress=False)
    assert capsys.readouterr().err == ""


def test_a_quiet_training_says_nothing(images, tmp_path, capsys):
    run = train(images, tmp_path / "run", progress=False)
    gancore.resume(run.folder, images=24, progress=False)
    assert capsys.readouterr() == ("", "")


def test_a_resumed_training_calls_a_function(images, tmp_path, capsys):
    run, heard = train(images, tmp_path / "run", progress=False), []
    gancore.resume(run.folder, images=24, progress=lambda *words: heard.append(words))
    assert heard == [("images", 24, 24)] and capsys.readouterr().err == ""


def test_a_notebook_shows_one_output_that_ends_with_the_results(images, tmp_path, outputs, capsys):
    run = train(images, tmp_path / "run")
    (output,) = outputs
    first, last = output.shown[0], output.shown[-1]
    assert f"run folder {run.folder}" in repr(first) and "0/16" in repr(first)
    assert "done: 16 images" in repr(last) and "0/16" not in repr(last)
    assert f"run folder {run.folder}" in last._repr_html_()
    assert '<img alt="samples" src="data:image/png;base64,' in last._repr_html_()
    assert capsys.readouterr() == ("", "")


def test_a_warning_stays_in_the_notebook(images, tmp_path, outputs):
    run = train(images, tmp_path / "run")
    damage(run)
    gancore.resume(run.folder, images=24)
    assert len(outputs) == 2
    assert "warning: " in repr(outputs[1].shown[-1]) and "done: 24 images" in repr(outputs[1].shown[-1])
