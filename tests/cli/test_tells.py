"""Each verb says what it does while it works."""

import shutil

import pytest
from runs import begin, sources
from small import know_small_parts

from gancore.cli import run
from gancore.console.showing import Lines


@pytest.fixture(autouse=True, scope="module")
def known():
    know_small_parts()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    begin(sources(folder), folder / "run")
    return folder / "run"


@pytest.mark.parametrize(
    ("words", "tasks"),
    [
        (["sample", "RUN", "--count", "4"], ["opening RUN", "images 4/4"]),
        (["interpolate", "RUN", "--count", "2", "--frames", "3"], ["images 3/3"]),
        (["directions", "RUN", "--space", "z", "--count", "2"], ["ganspace directions", "images 2000/2000"]),
        (
            ["evaluate", "RUN", "--count", "20", "--score", "kernel", "--extractor", "pixels"],
            ["features", "score 1"],
        ),
        (["export", "RUN", "--format", "pipeline"], ["writing and checking"]),
        (["report", "RUN"], ["writing the report of RUN"]),
        (["compare", "RUN", "OTHER"], ["drawing samples of RUN"]),
        (["train", "--resume", "RUN", "--images", "96"], ["opening the data", "reading the checkpoint"]),
        (["check", "loss/hinge"], ["checking loss/hinge"]),
    ],
    ids=lambda value: value[0],
)
def test_a_verb_tells_what_it_does(trained, tmp_path, monkeypatch, words, tasks):
    heard = []

    def hear(display, what, done, total):
        heard.append(f"{what} {done}/{total}" if total else what)
        told(display, what, done, total)

    told = Lines.told
    monkeypatch.setattr(Lines, "told", hear)
    monkeypatch.chdir(tmp_path)
    places = {"RUN": shutil.copytree(trained, tmp_path / "run"), "OTHER": trained}
    assert run([str(places.get(word, word)) for word in words]) == 0
    for task in tasks:
        assert any(task.replace("RUN", str(places["RUN"])) in text for text in heard), (task, heard)
    assert heard[-1] == "", "nothing is shown once the verb has said its result"
