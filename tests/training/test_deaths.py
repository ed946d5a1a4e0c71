"""A process that dies at any file-system call: resumed, its folder ends as that of an undisturbed run."""

import json
import os
import shutil
from contextlib import suppress

import pytest
from runs import begin, sources
from small import know_small_parts

from gancore.runs import RunFolder, load_pipeline
from gancore.storage import files
from gancore.training import monitor
from gancore.training.start import resume

CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir", "ftruncate")
SETTINGS = {"images": 48, "checkpoint_every": 16, "sample_every": 16, "evaluate_every": 8, "keep": 1}
BEST_AT = (16, 40)
"""The images after which an evaluation is the best so far; at one of them a checkpoint is due."""


class Dead(BaseException):
    """Nothing catches this."""


class Death:
    """Lets so many calls happen, and none after them: what a dead process would clean up stays."""

    def __init__(self, monkeypatch, after):
        self.after, self.seen = after, []
        for name in CALLS:
            monkeypatch.setattr(os, name, self.counted(name, getattr(os, name)))
        monkeypatch.setattr(files, "_exchange", self.counted("rename", files._exchange))

    def counted(self, name, call):
        def counted(*arguments, **options):
            self.seen.append(name)
            if len(self.seen) > self.after:
                raise Dead
            return call(*arguments, **options)

        return counted


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    know_small_parts()
    return sources(tmp_path_factory.mktemp("images"))


@pytest.fixture(autouse=True, scope="module")
def fixed_best():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(monitor.Monitor, "_is_best", lambda self, scores: self.evaluated_at in BEST_AT)
        yield


@pytest.fixture(scope="module")
def whole(fixed_best, images, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    begin(images, folder, **SETTINGS)
    return folder


@pytest.fixture(scope="module")
def moments(fixed_best, images, tmp_path_factory):
    """The counts of calls after each of which something new has its name."""
    with pytest.MonkeyPatch.context() as patch:
        death = Death(patch, after=10**9)
        begin(images, tmp_path_factory.mktemp("counted") / "run", **SETTINGS)
    return [i for i, name in enumerate(death.seen, start=1) if name in ("rename", "replace")]


def settled(folder):
    """Every file, without what takes its time from the clock."""
    return {
        str(path.relative_to(folder)): without_time(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (".lock", "report.html")
    }


def without_time(path):
    if path.suffix not in (".json", ".jsonl") or path.name == "manifest.json":
        return b"" if path.name == "manifest.json" else path.read_bytes()
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else []
    lines = lines or [json.loads(path.read_text())]
    timed = ("seconds", "peak_memory_mb")
    return [
        {key: value for key, value in line.items() if key not in timed} if isinstance(line, dict) else line
        for line in lines
        if not isinstance(line, dict) or line.get("event") != "resumed"
    ]


def test_the_undisturbed_run_keeps_its_best(whole):
    run = RunFolder(whole)
    assert run.best.images == 40 and [path.name for path in run.checkpoints] == ["00000048", "00000040"]
    assert [line["path"] for line in run.log.of("checkpoint")] == [
        "00000016",
        "00000032",
        "00000040",
        "00000048",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("part", range(6))
def test_a_run_that_died_ends_as_one_that_did_not(whole, images, moments, tmp_path, part):
    for call in moments[part :: len(moments) // 2]:
        dies_at(call, whole, images, tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_run_may_die_at_any_call(whole, images, moments, tmp_path):
    for call in range(moments[-1] + 20):
        dies_at(call, whole, images, tmp_path)


def dies_at(call, whole, images, tmp_path):
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        Death(patch, after=call)
        with suppress(Dead):
            begin(images, folder, **SETTINGS)
    run = RunFolder(folder)
    if not run.exists:  # it died before it had begun
        return
    if run.checkpoints and run.pipelines_folder.exists():
        load_pipeline(folder).sample(1, seed=0)
    resume(folder)
    mine, theirs = settled(folder), settled(whole)
    assert mine.keys() == theirs.keys(), call
    assert [name for name in mine if mine[name] != theirs[name]] == [], call
